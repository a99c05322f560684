// The Apple Business API.
#include "abm/business_api.hpp"
#include "client.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/jws.hpp"

#include <set>

namespace pomona::sim::abm {
namespace {

using namespace std::chrono_literals;

class business : public dep {
  protected:
    business() : key_{*crypto::private_key::generate_p256(world_->crypto())}, api_{*world_, org_} {
        api_.auth().add(
            {.client_id = client_, .key_id = "kid-1", .public_key = key_.public_key_info()});
    }
    json claims() const {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch();
        return {{"iss", client_},
                {"sub", client_},
                {"aud", "https://account.apple.com/auth/oauth2/v2/token"},
                {"iat", seconds.count()},
                {"exp", seconds.count() + 3600},
                {"jti", "1"}};
    }
    std::string assertion(const json& claims_json, const json& header,
                          const crypto::private_key& key) {
        return *crypto::sign_jws(header.dump(), claims_json.dump(), key);
    }
    net::response ask(const std::string& signed_claims, bool in_query = false,
                      const std::string& path = "/auth/oauth2/token",
                      const std::string& scope = "business.api") {
        const auto form = "grant_type=client_credentials&client_id=" + client_ +
                          "&client_assertion_type=" +
                          percent_encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") +
                          "&client_assertion=" + signed_claims + "&scope=" + scope;
        return api_
            .answer({.method = "POST",
                     .target = in_query ? path + '?' + form : path,
                     .headers = {},
                     .body = in_query ? bytes{} : to_bytes(form)})
            .what;
    }
    std::string good_assertion() { return assertion(claims(), header_, key_); }
    std::string bearer() {
        if (bearer_.empty()) {
            bearer_ = json::parse(ask(good_assertion()).body)["access_token"];
        }
        return bearer_;
    }
    net::response call(const std::string& method, const std::string& target,
                       const json& body = {}) {
        return api_
            .answer({.method = method,
                     .target = target,
                     .headers = {{"Authorization", "Bearer " + bearer()},
                                 {"Accept", "application/json"}},
                     .body = body.is_null() ? bytes{} : to_bytes(body.dump())})
            .what;
    }
    json get(const std::string& target) {
        const auto answer = call("GET", target);
        EXPECT_EQ(answer.status, 200U) << target << text_of(answer);
        return json::parse(answer.body);
    }
    static json activity(const std::string& type, const std::string& server, const json& serials) {
        json devices = json::array();
        for (const auto& s : serials) {
            devices.push_back({{"type", "orgDevices"}, {"id", s}});
        }
        return {{"data",
                 {{"type", "orgDeviceActivities"},
                  {"attributes", {{"activityType", type}}},
                  {"relationships",
                   {{"mdmServer", {{"data", {{"type", "mdmServers"}, {"id", server}}}}},
                    {"devices", {{"data", devices}}}}}}}};
    }

    std::string client_ = "BUSINESSAPI.1";
    json header_{{"alg", "ES256"}, {"kid", "kid-1"}, {"typ", "JWT"}};
    crypto::private_key key_;
    business_api api_;
    std::string bearer_;
};

TEST_F(business, ABM_110_every_fault_of_an_assertion_is_invalid_client) {
    EXPECT_EQ(ask(good_assertion()).status, 200U);
    const auto other = *crypto::private_key::generate_p256(world_->crypto());
    std::vector<std::string> bad{"", "a.b.c", assertion(claims(), header_, other)};
    for (const auto& [name, value] : std::vector<std::pair<std::string, json>>{
             {"iss", "org"},
             {"sub", "x"},
             {"aud", "https://x"},
             {"exp", 1},
             {"exp", nullptr},
             {"iat", 9'000'000'000},
             {"exp", claims()["iat"].get<std::int64_t>() + 181 * 86400},
             {"jti", ""}}) {
        auto wrong = claims();
        wrong[name] = value;
        bad.push_back(assertion(wrong, header_, key_));
    }
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, json>>{{"kid", "other"}, {"alg", "none"}}) {
        auto wrong = header_;
        wrong[name] = value;
        bad.push_back(assertion(claims(), wrong, key_));
    }
    for (const auto& text : bad) {
        const auto answer = ask(text);
        EXPECT_EQ(answer.status, 400U);
        EXPECT_EQ(text_of(answer), R"({"error":"invalid_client"})");
    }
}

TEST_F(business, ABM_111_both_paths_and_both_places) {
    for (const auto* path : {"/auth/oauth2/token", "/auth/oauth2/v2/token"}) {
        for (const bool in_query : {false, true}) {
            const auto answer = ask(good_assertion(), in_query, path);
            EXPECT_EQ(answer.status, 200U) << text_of(answer);
            EXPECT_EQ(json::parse(answer.body)["expires_in"], 3600);
        }
    }
    EXPECT_EQ(text_of(ask(good_assertion(), false, "/auth/oauth2/token", "school.api")),
              R"({"error":"invalid_scope"})");
}

TEST_F(business, ABM_112_bearer_and_accept) {
    net::request what{.method = "GET",
                      .target = "/v1/orgDevices",
                      .headers = {{"Accept", "application/json"}},
                      .body = {}};
    const auto none = api_.answer(what).what;
    EXPECT_EQ(none.status, 401U);
    EXPECT_EQ(json::parse(none.body)["errors"][0]["status"], "401");
    what.headers = {{"Authorization", "Bearer " + bearer()}, {"Accept", "text/html"}};
    EXPECT_EQ(api_.answer(what).what.status, 406U);
    EXPECT_EQ(call("GET", "/v1/orgDevices").status, 200U);
    advance(1h);
    EXPECT_EQ(call("GET", "/v1/orgDevices").status, 401U);
}

TEST_F(business, ABM_113_links_and_cursors_lead_through_the_same_list) {
    add_devices(25);
    std::set<std::string> by_link;
    std::set<std::string> by_cursor;
    std::string next = "/v1/orgDevices?limit=10";
    while (!next.empty()) {
        const auto page = get(next);
        EXPECT_EQ(page["meta"]["paging"]["total"], 25);
        for (const auto& d : page["data"]) {
            by_link.insert(d["id"].get<std::string>());
        }
        next = page["links"].value("next", "");
    }
    std::string cursor;
    do {
        const auto page = get("/v1/orgDevices?limit=7&cursor=" + cursor);
        for (const auto& d : page["data"]) {
            by_cursor.insert(d["id"].get<std::string>());
        }
        cursor = page["meta"]["paging"].value("nextCursor", "");
    } while (!cursor.empty());
    EXPECT_EQ(by_link.size(), 25U);
    EXPECT_EQ(by_link, by_cursor);
    EXPECT_EQ(get("/v1/mdmServers")["data"].size(), 2U);
    EXPECT_EQ(get("/v1/mdmServers/S1/relationships/devices?limit=20")["data"].size(), 20U);
    for (const auto* bad : {"0", "1001", "x", "-1"}) {
        const auto answer = call("GET", std::string{"/v1/orgDevices?limit="} + bad);
        EXPECT_EQ(answer.status, 400U);
        EXPECT_EQ(json::parse(answer.body)["errors"][0]["source"]["parameter"], "limit");
    }
}

TEST_F(business, ABM_114_an_activity_is_done_a_little_later_and_sync_tells_of_it) {
    add_devices(3, "", "U");
    const auto cursor = good("POST", "/server/devices")["cursor"];
    const auto made = call("POST", "/v1/orgDeviceActivities",
                           activity("ASSIGN_DEVICES", "S1", {"U00000", "U00001"}));
    EXPECT_EQ(made.status, 201U) << text_of(made);
    const std::string id = json::parse(made.body)["data"]["id"];
    EXPECT_EQ(get("/v1/orgDeviceActivities/" + id)["data"]["attributes"]["status"], "IN_PROGRESS");
    EXPECT_EQ(call("GET", "/v1/orgDeviceActivities/" + id + "/log.csv").status, 404U);
    advance(5s);
    const auto done = get("/v1/orgDeviceActivities/" + id)["data"]["attributes"];
    EXPECT_EQ(done["status"], "COMPLETED");
    EXPECT_EQ(done["subStatus"], "COMPLETED_WITH_SUCCESS");
    const auto changes = good("POST", "/devices/sync", {{"cursor", cursor}})["devices"];
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0]["op_type"], "added");
    EXPECT_EQ(get("/v1/orgDevices/U00000/assignedServer")["data"]["id"], "S1");
    call("POST", "/v1/orgDeviceActivities", activity("UNASSIGN_DEVICES", "", {"U00000"}));
    call("POST", "/v1/orgDeviceActivities", activity("RELEASE_DEVICES", "", {"U00002"}));
    advance(5s);
    EXPECT_EQ(get("/v1/orgDevices/U00000")["data"]["attributes"]["status"], "UNASSIGNED");
    EXPECT_EQ(call("GET", "/v1/orgDevices/U00002").status, 404U);
}

TEST_F(business, ABM_115_unknown_servers_fail_the_request_unknown_devices_are_logged) {
    add_devices(1, "", "U");
    EXPECT_EQ(
        call("POST", "/v1/orgDeviceActivities", activity("ASSIGN_DEVICES", "none", {"U00000"}))
            .status,
        422U);
    EXPECT_EQ(call("POST", "/v1/orgDeviceActivities", activity("DANCE", "S1", {"U00000"})).status,
              422U);
    EXPECT_EQ(
        call("POST", "/v1/orgDeviceActivities", activity("ASSIGN_DEVICES", "S1", json::array()))
            .status,
        422U);
    const auto made = call("POST", "/v1/orgDeviceActivities",
                           activity("ASSIGN_DEVICES", "S1", {"U00000", "none"}));
    const std::string id = json::parse(made.body)["data"]["id"];
    advance(5s);
    const auto done = get("/v1/orgDeviceActivities/" + id)["data"]["attributes"];
    EXPECT_EQ(done["subStatus"], "COMPLETED_WITH_ERROR");
    EXPECT_EQ(text_of(call("GET", done["downloadUrl"])),
              "serialNumber,status\nU00000,SUCCESS\nnone,FAILED\n");
}

TEST_F(business, ABM_116_an_unassigned_device_has_no_server) {
    add_devices(1, "", "U");
    EXPECT_EQ(get("/v1/orgDevices/U00000")["data"]["attributes"]["status"], "UNASSIGNED");
    EXPECT_EQ(call("GET", "/v1/orgDevices/U00000/assignedServer").status, 404U);
    EXPECT_EQ(call("GET", "/v1/orgDevices/U00000/relationships/assignedServer").status, 404U);
}

TEST_F(business, ABM_118_rate_limits_say_when_to_come_again) {
    api_.rules().gets_a_minute = 2;
    EXPECT_EQ(call("GET", "/v1/orgDevices").status, 200U);
    advance(10s);
    EXPECT_EQ(call("GET", "/v1/orgDevices").status, 200U);
    const auto limited = call("GET", "/v1/orgDevices");
    EXPECT_EQ(limited.status, 429U);
    EXPECT_EQ(net::find_header(limited.headers, "retry-after"), "50");
    advance(50s);
    EXPECT_EQ(call("GET", "/v1/orgDevices").status, 200U);
}

} // namespace
} // namespace pomona::sim::abm
