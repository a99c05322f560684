// The list of devices: fetch, sync, cursors.
#include "client.hpp"

#include <algorithm>
#include <set>

namespace pomona::sim::abm {
namespace {

using namespace std::chrono_literals;

/// All pages from `body` on; the last cursor.
struct pages {
    std::vector<json> devices;
    std::vector<std::size_t> sizes;
    std::string cursor;
};

class listing : public dep {
  protected:
    pages all(const std::string& path, json body, const std::string& server = "S1") {
        pages out;
        bool more = true;
        while (more && out.sizes.size() < 1000) {
            const auto page = good("POST", path, body, server);
            out.sizes.push_back(page["devices"].size());
            for (const auto& d : page["devices"]) {
                out.devices.push_back(d);
            }
            more = page["more_to_follow"];
            body["cursor"] = out.cursor = page["cursor"];
        }
        return out;
    }
    std::set<std::string> serials(const pages& p) {
        std::set<std::string> out;
        for (const auto& d : p.devices) {
            out.insert(d["serial_number"].get<std::string>());
        }
        return out;
    }
};

TEST_F(listing, ABM_040_account_tells_the_limits_in_force) {
    state_->rules.max_page = 500;
    const auto a = good("GET", "/account");
    for (const auto* key :
         {"server_name", "server_uuid", "admin_id", "facilitator_id", "org_name", "org_email",
          "org_phone", "org_address", "org_id", "org_id_hash", "org_type", "org_version", "urls"}) {
        EXPECT_TRUE(a.contains(key)) << key;
    }
    EXPECT_EQ(a["org_id_hash"].get<std::string>().size(), 64U);
    const auto list = std::ranges::find_if(
        a["urls"], [](const json& u) { return u["uri"] == "/server/devices"; });
    ASSERT_NE(list, a["urls"].end());
    EXPECT_EQ((*list)["limit"]["maximum"], 500);
    EXPECT_EQ((*list)["limit"]["default"], 100);
}

TEST_F(listing, ABM_018_the_protocol_version_decides_the_fields) {
    add_devices(1);
    org_.modify("C00000", now(), [](device_record& d) {
        d.os = "iPadOS";
        d.family = "iPad";
        d.migration_deadline = time_point{};
    });
    const auto at = [&](int version) {
        version_ = version;
        return good("POST", "/server/devices")["devices"][0];
    };
    EXPECT_FALSE(at(1).contains("os") || at(1).contains("device_family"));
    EXPECT_EQ(at(2)["os"], "iOS");
    EXPECT_EQ(at(7)["os"], "iPadOS");
    EXPECT_FALSE(at(7).contains("mdm_migration_deadline"));
    EXPECT_TRUE(at(8).contains("mdm_migration_deadline"));
    EXPECT_FALSE(at(9).contains("is_replacement_device"));
    EXPECT_EQ(at(10)["is_replacement_device"], false);
    version_ = 2;
    EXPECT_FALSE(good("GET", "/account").contains("org_id"));
}

TEST_F(listing, ABM_041_no_cursor_null_and_empty_begin_at_the_beginning) {
    add_devices(3);
    for (const auto& body : {json::object(), json{{"cursor", nullptr}}, json{{"cursor", ""}}}) {
        EXPECT_EQ(good("POST", "/server/devices", body)["devices"].size(), 3U);
    }
}

TEST_F(listing, ABM_042_ABM_043_2500_devices_arrive_in_pages_without_gap_or_double) {
    add_devices(2500);
    add_devices(10, "S2", "D");
    for (const auto& [limit, first] : {std::pair{0, 100U}, {1000, 1000U}, {5000, 1000U}}) {
        const auto p = all("/server/devices", {{"limit", limit}});
        EXPECT_EQ(p.sizes.front(), first) << limit;
        EXPECT_EQ(p.devices.size(), 2500U);
        EXPECT_EQ(serials(p).size(), 2500U);
    }
    EXPECT_EQ(good("POST", "/server/devices", {{"limit", 1}})["devices"].size(), 1U);
    EXPECT_EQ(refused("POST", "/server/devices", {{"limit", "many"}}),
              "400 MALFORMED_REQUEST_BODY");
}

TEST_F(listing, ABM_044_devices_that_come_or_change_while_paging_are_seen) {
    add_devices(150);
    const auto first = good("POST", "/server/devices");
    add_devices(5, "S1", "D");
    org_.modify("C00149", now(), [](device_record& d) { d.color = "GREEN"; });
    auto rest = all("/server/devices", {{"cursor", first["cursor"]}});
    for (const auto& d : first["devices"]) {
        rest.devices.push_back(d);
    }
    auto seen = serials(rest);
    const auto later = all("/devices/sync", {{"cursor", rest.cursor}});
    seen.merge(serials(later));
    EXPECT_EQ(seen.size(), 155U);
}

TEST_F(listing, ABM_045_ABM_046_cursors_that_cannot_be_used) {
    add_devices(1);
    const auto done = all("/server/devices", json::object()).cursor;
    EXPECT_EQ(refused("POST", "/server/devices", {{"cursor", done}}), "400 EXHAUSTED_CURSOR");
    const auto synced = good("POST", "/devices/sync", {{"cursor", done}});
    EXPECT_EQ(refused("POST", "/server/devices", {{"cursor", synced["cursor"]}}),
              "400 EXHAUSTED_CURSOR");
    EXPECT_EQ(refused("POST", "/devices/sync"), "400 CURSOR_REQUIRED");
    auto tampered = done;
    tampered[3] = tampered[3] == 'A' ? 'B' : 'A';
    for (const auto& bad :
         {json("nonsense"), json(tampered), json(7), json(std::string(2000, 'A'))}) {
        EXPECT_EQ(refused("POST", "/devices/sync", {{"cursor", bad}}), "400 INVALID_CURSOR");
    }
    EXPECT_EQ(refused("POST", "/devices/sync", {{"cursor", done}}, "S2"), "400 INVALID_CURSOR");
}

TEST_F(listing, ABM_047_a_cursor_lives_seven_days) {
    const auto cursor = all("/server/devices", json::object()).cursor;
    advance(7 * 24h - 1h);
    EXPECT_EQ(call("POST", "/devices/sync", {{"cursor", cursor}}).status, 200U);
    advance(1h + 1s);
    EXPECT_EQ(refused("POST", "/devices/sync", {{"cursor", cursor}}), "400 EXPIRED_CURSOR");
    const auto fresh = all("/server/devices", json::object()).cursor;
    advance(1s);
    state_->cursors_before = now();
    EXPECT_EQ(refused("POST", "/devices/sync", {{"cursor", fresh}}), "400 EXPIRED_CURSOR");
}

TEST_F(listing, ABM_048_moves_are_told_to_both_servers_with_rising_dates) {
    add_devices(1);
    const auto one = all("/server/devices", json::object(), "S1").cursor;
    const auto two = all("/server/devices", json::object(), "S2").cursor;
    org_.assign("c00000", "S2", "x", now()); // in either letter case
    org_.assign("C00000", "S1", "x", now());
    org_.assign("C00000", "", "x", now());
    const auto types = [](const pages& p) {
        std::string out;
        for (const auto& d : p.devices) {
            out += d["op_type"].get<std::string>() + ' ';
        }
        return out;
    };
    const auto first = all("/devices/sync", {{"cursor", one}}, "S1");
    EXPECT_EQ(types(first), "deleted added deleted ");
    EXPECT_EQ(types(all("/devices/sync", {{"cursor", two}}, "S2")), "added deleted ");
    EXPECT_LT(first.devices[0]["op_date"], first.devices[1]["op_date"]);
    EXPECT_LT(first.devices[1]["op_date"], first.devices[2]["op_date"]);
    EXPECT_EQ(first.devices[1]["op_date"], first.devices[1]["device_assigned_date"]);
}

TEST_F(listing, ABM_049_ABM_050_ABM_051_sync_replays_and_ends_empty) {
    add_devices(2);
    const auto done = all("/server/devices", json::object());
    EXPECT_FALSE(done.devices[0].contains("op_type"));
    org_.modify("C00001", now(), [](device_record& d) { d.asset_tag = "T"; });
    const auto once = good("POST", "/devices/sync", {{"cursor", done.cursor}});
    const auto again = good("POST", "/devices/sync", {{"cursor", done.cursor}});
    EXPECT_EQ(once["devices"], again["devices"]);
    EXPECT_EQ(once["devices"][0]["op_type"], "modified");
    const auto empty = good("POST", "/devices/sync", {{"cursor", once["cursor"]}});
    EXPECT_TRUE(empty["devices"].empty());
    EXPECT_EQ(empty["more_to_follow"], false);
    EXPECT_EQ(call("POST", "/devices/sync", {{"cursor", empty["cursor"]}}).status, 200U);
}

TEST_F(listing, faults_of_pages_are_named_and_used_up) {
    add_devices(3);
    const auto cursor = good("POST", "/server/devices", {{"limit", 1}})["cursor"];
    state_->faults.add({.what = fault::repeated_cursor, .path = "/server/devices"});
    const auto repeated = good("POST", "/server/devices", {{"cursor", cursor}});
    EXPECT_EQ(repeated["cursor"], cursor);
    EXPECT_EQ(repeated["more_to_follow"], true);
    state_->faults.add({.what = fault::expired_cursor});
    EXPECT_EQ(call("GET", "/account").status, 200U); // no cursor there
    EXPECT_EQ(refused("POST", "/devices/sync", {{"cursor", cursor}}), "400 EXPIRED_CURSOR");
    state_->faults.add({.what = fault::missing_fields, .server = "S1", .times = 1});
    EXPECT_FALSE(good("POST", "/server/devices")["devices"][0].contains("model"));
    EXPECT_TRUE(good("POST", "/server/devices")["devices"][0].contains("model"));
    state_->faults.add({.what = fault::malformed_json});
    EXPECT_TRUE(json::parse(call("POST", "/server/devices").body, nullptr, false).is_discarded());
    state_->faults.add({.what = fault::unavailable, .retry_after = 90s});
    const auto busy = call("GET", "/account");
    EXPECT_EQ(busy.status, 503U);
    EXPECT_EQ(net::find_header(busy.headers, "retry-after"), "90");
    EXPECT_TRUE(state_->faults.pending().empty());
    for (const auto f : all_faults()) {
        EXPECT_EQ(find_fault(to_text(f)), f);
        EXPECT_FALSE(about(f).empty());
    }
}

} // namespace
} // namespace pomona::sim::abm
