// Declarative management over the wire, in the virtual world.
#include "pomona/foundation/encoding.hpp"
#include "scripted_mac.hpp"

namespace pomona::server {
namespace {

net::task<unsigned> declare(lab& l, std::string identifier, std::string echo,
                            std::string query = {}) {
    const json d{{"Type", "com.apple.configuration.management.test"},
                 {"Identifier", identifier},
                 {"Payload", {{"Echo", echo}}}};
    co_return (co_await l.api("PUT", "/v1/declarations" + query, to_bytes(d.dump()))).status;
}

net::task<unsigned> assign(lab& l, std::string set, std::string declaration,
                           std::string query = {}) {
    co_return (co_await l.api("PUT", "/v1/set-declarations/" + set + "?declaration=" + declaration +
                                         query))
        .status;
}

net::task<unsigned> give(lab& l, std::string id, std::string set, std::string query = {}) {
    co_return (co_await l.api("PUT", "/v1/enrollment-sets/" + id + "?set=" + set + query)).status;
}

net::task<void> declared_mac(lab& l, scripted_mac& mac) {
    co_await l.start();
    co_await mac.enroll();
    EXPECT_EQ(co_await declare(l, "one", "hello"), 204U);
    EXPECT_EQ(co_await assign(l, "set", "one"), 204U);
    EXPECT_EQ(co_await give(l, mac.id(), "set", "&nonotify=1"), 204U);
}

net::task<std::string> token_of(scripted_mac& mac) {
    const auto r = co_await mac.declarative("tokens");
    EXPECT_EQ(r.status, 200U) << text_of(r);
    EXPECT_EQ(net::find_header(r.headers, "Content-Type"), "application/json"); // DDM-025
    const auto tokens = json::parse(text_of(r))["SyncTokens"];
    EXPECT_TRUE(from_rfc3339(tokens["Timestamp"].get<std::string>())); // DDM-002
    co_return tokens["DeclarationsToken"].get<std::string>();
}

net::task<json> manifest_of(scripted_mac& mac) {
    const auto r = co_await mac.declarative("declaration-items");
    EXPECT_EQ(r.status, 200U);
    co_return json::parse(text_of(r));
}

TEST(ddm, manifest_has_all_arrays_even_when_empty_DDM_001_DDM_003) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const auto m = co_await manifest_of(mac);
        for (const auto* kind : {"Activations", "Configurations", "Assets", "Management"}) {
            EXPECT_TRUE(m["Declarations"][kind].is_array()) << kind;
        }
        const auto token = co_await token_of(mac);
        EXPECT_EQ(m["DeclarationsToken"], token); // DDM-004
        EXPECT_FALSE(token.empty());
    });
}

TEST(ddm, token_follows_the_declarations_DDM_005_DDM_006_DDM_007) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await declared_mac(l, mac);
        scripted_mac other{l, 2};
        co_await other.enroll();
        const auto empty = co_await token_of(other);
        const auto first = co_await token_of(mac);
        EXPECT_EQ(co_await token_of(mac), first);
        EXPECT_EQ(co_await declare(l, "one", "hello"), 304U);
        EXPECT_EQ(co_await token_of(mac), first);
        EXPECT_EQ(co_await declare(l, "one", "changed"), 204U);
        const auto second = co_await token_of(mac);
        EXPECT_NE(second, first);
        co_await declare(l, "two", "x");
        EXPECT_EQ(co_await token_of(mac), second); // not in the set
        co_await assign(l, "set", "two");
        const auto third = co_await token_of(mac);
        EXPECT_NE(third, second);
        EXPECT_EQ((co_await l.api("DELETE", "/v1/set-declarations/set?declaration=two")).status,
                  204U);
        EXPECT_EQ(co_await token_of(mac), second);
        EXPECT_EQ((co_await l.api("DELETE", "/v1/enrollment-sets/" + mac.id() + "?set=set")).status,
                  204U);
        EXPECT_EQ(co_await token_of(mac), empty);
        EXPECT_EQ(co_await token_of(other), empty);
    });
}

TEST(ddm, user_channel_has_its_own_set_DDM_008) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await declared_mac(l, mac);
        const auto device = co_await token_of(mac);
        mac.from.user_id = "USER";
        co_await mac.token_update();
        EXPECT_NE(co_await token_of(mac), device);
    });
}

TEST(ddm, declarations_are_fetched_by_kind_and_identifier_DDM_009_to_012) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await declared_mac(l, mac);
        const auto item = (co_await manifest_of(mac))["Declarations"]["Configurations"][0];
        auto r = co_await mac.declarative("declaration/configuration/one");
        EXPECT_EQ(r.status, 200U);
        const auto d = json::parse(text_of(r));
        EXPECT_EQ(d["Identifier"], "one");
        EXPECT_EQ(d["ServerToken"], item["ServerToken"]);
        EXPECT_EQ(d["Payload"]["Echo"], "hello");
        EXPECT_EQ((co_await mac.declarative("declaration/asset/one")).status, 404U);
        EXPECT_EQ((co_await mac.declarative("declaration/configuration/none")).status, 404U);
        EXPECT_EQ((co_await mac.declarative("foo")).status, 400U); // DDM-024
        co_await declare(l, "unassigned", "x");
        EXPECT_EQ((co_await mac.declarative("declaration/configuration/unassigned")).status, 404U);
        co_await declare(l, "one", "changed");
        const auto later = (co_await manifest_of(mac))["Declarations"]["Configurations"][0];
        EXPECT_NE(later["ServerToken"], item["ServerToken"]);
        EXPECT_EQ(later["Identifier"], "one");
    });
}

TEST(ddm, a_change_queues_one_command_with_tokens_and_pushes_DDM_028_DDM_029) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await declared_mac(l, mac);
        co_await l.w().sleep_for(1s);
        EXPECT_TRUE(l.pushes.empty()); // nonotify
        co_await declare(l, "one", "a");
        co_await declare(l, "one", "b");
        co_await l.w().sleep_for(1s);
        EXPECT_EQ(l.pushes.size(), 1U);
        const auto r = co_await mac.idle();
        const auto c = mdm::parse_command(r.body).value();
        EXPECT_EQ(c.request_type, "DeclarativeManagement");
        const auto data = json::parse(to_text(bytes_view{*c.body.data("Data")}));
        EXPECT_EQ(data["SyncTokens"]["DeclarationsToken"], co_await token_of(mac)); // DDM-004
        // A change while that one is with the Mac needs another.
        co_await declare(l, "one", "c");
        const auto next = co_await mac.report(mdm::command_status::acknowledged, c.uuid.value());
        EXPECT_EQ(mdm::parse_command(next.body).value().request_type, "DeclarativeManagement");
        EXPECT_NE(uuid_in(next), c.uuid.value());
    });
}

bytes status_report(const json& items, const json& errors = json::array(), bool full = false) {
    json out{{"StatusItems", items}, {"Errors", errors}};
    if (full) {
        out["FullReport"] = true;
    }
    return to_bytes(out.dump());
}

TEST(ddm, status_reports_merge_and_can_be_read_DDM_017_to_023) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await declared_mac(l, mac);
        const auto token =
            (co_await manifest_of(mac))["Declarations"]["Configurations"][0]["ServerToken"]
                .get<std::string>();
        json items;
        items["management"]["push-token"] = "unknown item"; // DDM-021
        items["management"]["declarations"]["configurations"] =
            json::array({{{"identifier", "one"},
                          {"server-token", token},
                          {"active", true},
                          {"valid", "valid"}}});
        auto r = co_await mac.declarative("status", status_report(items));
        EXPECT_EQ(r.status, 200U);
        EXPECT_TRUE(r.body.empty());
        json more;
        more["device"]["model"]["family"] = "Mac";
        const json errors = json::array({{{"StatusItem", "passcode.is-present"}}});
        co_await mac.declarative("status", status_report(more, errors));
        auto s = (co_await l.api_json("/v1/status/" + mac.id()))[mac.id()];
        EXPECT_EQ(s["StatusItems"]["management"]["push-token"], "unknown item");
        EXPECT_EQ(s["StatusItems"]["device"]["model"]["family"], "Mac");
        EXPECT_EQ(s["Errors"], errors);
        auto d = (co_await l.api_json("/v1/declaration-status/" + mac.id()))[mac.id()];
        EXPECT_EQ(d[0]["identifier"], "one");
        EXPECT_EQ(d[0]["current"], true);
        auto v = (co_await l.api_json("/v1/status-values/" + mac.id()))[mac.id()];
        EXPECT_EQ(v[0]["path"], ".StatusItems.device.model.family");
        auto e = (co_await l.api_json("/v1/status-errors/" + mac.id()))[mac.id()];
        EXPECT_EQ(e[0]["error"], errors[0]);
        for (const std::string_view bad : {"{", "", "[1]"}) {
            r = co_await mac.declarative("status", to_bytes(bad));
            EXPECT_EQ(r.status, 400U) << bad;
        }
        EXPECT_EQ((co_await l.api_json("/v1/status/" + mac.id()))[mac.id()], s);
        co_await mac.declarative("status", status_report(more, json::array(), true));
        s = (co_await l.api_json("/v1/status/" + mac.id()))[mac.id()];
        EXPECT_FALSE(s["StatusItems"].contains("management"));
    });
}

TEST(ddm, enrolling_again_forgets_the_status_DDM_030) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await declared_mac(l, mac);
        co_await mac.declarative("status", status_report({{"x", 1}}));
        co_await mac.authenticate();
        co_await mac.token_update();
        const auto s = (co_await l.api_json("/v1/status/" + mac.id()))[mac.id()];
        EXPECT_TRUE(s["StatusItems"].empty());
        EXPECT_TRUE(s["received"].is_null());
    });
}

TEST(ddm, api_keeps_declarations_and_sets) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await declared_mac(l, mac);
        EXPECT_EQ(co_await l.api_json("/v1/declarations"), json::array({"one"}));
        EXPECT_EQ(co_await l.api_json("/v1/sets"), json::array({"set"}));
        EXPECT_EQ(co_await l.api_json("/v1/set-declarations/set"), json::array({"one"}));
        EXPECT_EQ(co_await l.api_json("/v1/enrollment-sets/" + mac.id()), json::array({"set"}));
        EXPECT_EQ((co_await l.api_json("/v1/declarations/one"))["Payload"]["Echo"], "hello");
        EXPECT_EQ((co_await l.api("GET", "/v1/declarations/none")).status, 404U);
        EXPECT_EQ(co_await assign(l, "set", "one"), 304U);
        EXPECT_EQ(co_await assign(l, "set", "missing"), 404U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/declarations", to_bytes("{}"))).status, 400U);
        EXPECT_EQ((co_await l.api("DELETE", "/v1/declarations/one")).status, 204U);
        EXPECT_EQ((co_await l.api("DELETE", "/v1/declarations/one")).status, 304U);
        EXPECT_EQ((co_await manifest_of(mac))["Declarations"]["Configurations"].size(), 0U);
    });
}

net::task<net::response> get_as(lab& l, std::string target,
                                std::shared_ptr<const crypto::identity> who) {
    co_return co_await l.exchange(co_await l.connect(who), get(std::move(target)));
}

// DDM-033.
TEST(ddm, an_asset_is_what_its_reference_says_and_for_devices_only_DDM_033) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        const std::string content = R"({"UserName":"ada"})";
        const auto made = co_await l.api("PUT", "/v1/assets/a%2Fb", to_bytes(content));
        EXPECT_EQ(made.status, 200U);
        const auto said = json::parse(text_of(made));
        EXPECT_EQ(said["Reference"]["DataURL"], l.s().base_url() + "/assets/a%2Fb");
        EXPECT_EQ(said["Reference"]["Size"], content.size());
        EXPECT_EQ(said["Reference"]["Hash-SHA-256"], to_hex(crypto::sha256(as_bytes(content))));
        EXPECT_EQ(said["Authentication"]["Type"], "MDM");
        EXPECT_EQ(co_await l.api_json("/v1/assets/a%2Fb"), said);

        const auto got = co_await get_as(l, "/assets/a%2Fb", mac.identity);
        EXPECT_EQ(got.status, 200U);
        EXPECT_EQ(text_of(got), content);
        EXPECT_EQ(net::media_type(got.headers),
                  said["Reference"]["ContentType"].get<std::string>());
        EXPECT_EQ((co_await get_as(l, "/assets/a%2Fb", {})).status, 403U);
        EXPECT_EQ((co_await get_as(l, "/assets/none", mac.identity)).status, 404U);
        EXPECT_EQ((co_await get_as(l, "/assets/%zz", mac.identity)).status, 400U);

        const auto open =
            co_await l.api("PUT", "/v1/assets/open?authentication=none", to_bytes("anybody"));
        EXPECT_EQ(json::parse(text_of(open))["Authentication"]["Type"], "None");
        EXPECT_EQ(text_of(co_await get_as(l, "/assets/open", {})), "anybody");

        EXPECT_EQ((co_await l.api("PUT", "/v1/assets/empty")).status, 400U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/assets/x?authentication=no", to_bytes("x"))).status,
                  400U);
        EXPECT_EQ((co_await l.api("DELETE", "/v1/assets/open")).status, 204U);
        EXPECT_EQ((co_await l.api("DELETE", "/v1/assets/open")).status, 404U);
        EXPECT_EQ((co_await get_as(l, "/assets/open", {})).status, 404U);
    });
}

} // namespace
} // namespace pomona::server
