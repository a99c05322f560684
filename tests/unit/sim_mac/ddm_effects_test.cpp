// What declarations bring about: predicates that flip, documents, settings, profiles, updates,
// subscriptions as time goes on.
#include "ddm_bench.hpp"
#include "pomona/foundation/encoding.hpp"

namespace pomona::sim::mac {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class ddm_effects : public ddm_bench {};

// DDM-046.
TEST_F(ddm_effects, a_property_flips_an_activation) {
    declare("configuration.management.test", "C1", test_payload);
    declare("management.properties", "P1", {{"ring", 1}});
    activate("A1", {"C1"}, "@property(ring) >= 2");
    sync();
    EXPECT_EQ(code_of("activations", "A1"), "Info.Predicate");
    EXPECT_EQ(state_of("activations", "A1")["reasons"][0]["details"]["Predicate"],
              "@property(ring) >= 2");
    EXPECT_EQ(state_of("configurations", "C1")["active"], false);
    EXPECT_EQ(host.notes, strings{});
    declare("management.properties", "P1", {{"ring", 2}}, "2");
    sync();
    EXPECT_EQ(state_of("activations", "A1")["active"], true);
    EXPECT_EQ(state_of("configurations", "C1")["active"], true);
    EXPECT_EQ(host.notes, strings{"+C1"});
}

// DDM-046.
TEST_F(ddm_effects, a_status_item_flips_an_activation_without_the_server) {
    declare("configuration.management.test", "C1", test_payload);
    activate("A1", {"C1"}, "@status(device.operating-system.version) BEGINSWITH '15.2'");
    sync();
    EXPECT_EQ(state_of("activations", "A1")["active"], false);
    look();
    EXPECT_EQ(asked, strings{}) << "nothing has changed";
    host.values["device.operating-system.version"] = "15.2.1";
    look();
    EXPECT_EQ(asked, strings{"status"});
    EXPECT_EQ(state_of("activations", "A1")["active"], true);
    EXPECT_EQ(state_of("configurations", "C1")["active"], true);
    host.values["device.operating-system.version"] = "15.3";
    look();
    EXPECT_EQ(code_of("activations", "A1"), "Info.Predicate");
    EXPECT_EQ(host.notes, (strings{"+C1", "-C1"}));
}

TEST_F(ddm_effects, two_activations_of_one_configuration) {
    declare("configuration.management.test", "C1", test_payload);
    activate("A1", {"C1"}, "FALSEPREDICATE");
    activate("A2", {"C1"}, "TRUEPREDICATE");
    sync();
    EXPECT_EQ(state_of("configurations", "C1")["active"], true);
}

TEST_F(ddm_effects, a_failed_activation_is_told_to_what_it_lists) {
    declare("configuration.management.test", "C1", test_payload);
    activate("A1", {"C1"}, "1 ==");
    sync();
    EXPECT_EQ(code_of("configurations", "C1"), "Error.ActivationFailed");
    EXPECT_EQ(state_of("configurations", "C1")["reasons"][0]["details"]["Identifier"], "A1");
}

json data_asset(const std::string& url, const std::string& content) {
    return {{"Reference",
             {{"DataURL", url},
              {"ContentType", "text/plain"},
              {"Size", content.size()},
              {"Hash-SHA-256", to_hex(crypto::sha256(as_bytes(content)))}}},
            {"Authentication", {{"Type", "MDM"}}}};
}

// DDM-055, DDM-056.
TEST_F(ddm_effects, an_asset_is_fetched_and_used) {
    document("https://m.example/a", "from the asset", "text/plain");
    declare("asset.data", "D1", data_asset("https://m.example/a", "from the asset"));
    declare("asset.data", "unused", data_asset("https://m.example/u", "x"));
    declare("configuration.management.test", "C1",
            {{"Echo", "hello"}, {"EchoDataAssetReference", "D1"}});
    activate("A1", {"C1"});
    sync();
    EXPECT_EQ(asked, (strings{"tokens", "declaration-items", "declaration/activation/A1",
                              "declaration/configuration/C1", "declaration/asset/D1",
                              "declaration/asset/unused", "GET as MDM https://m.example/a",
                              "tokens", "status"}));
    EXPECT_EQ(state_of("configurations", "C1")["reasons"][0]["description"], "from the asset");
    EXPECT_EQ(state_of("assets", "D1")["active"], true);
    EXPECT_EQ(state_of("assets", "D1")["valid"], "valid");
    EXPECT_EQ(code_of("assets", "unused"), "Info.NotReferencedByConfiguration");
    sync();
    EXPECT_EQ(asked, strings{"tokens"}) << "the document is kept";
    // New data behind a new revision of the asset, the configuration untouched.
    document("https://m.example/a", "second", "text/plain");
    declare("asset.data", "D1", data_asset("https://m.example/a", "second"), "2");
    sync();
    EXPECT_EQ(state_of("configurations", "C1")["reasons"][0]["description"], "second");
}

// DDM-056.
TEST_F(ddm_effects, a_document_that_is_not_as_declared_fails_its_asset) {
    const std::string right = "right";
    const auto expect_bad = [&](const std::string& name, const json& asset, const char* code) {
        declare("asset.data", "D-" + name, asset);
        declare("configuration.management.test", "C-" + name,
                {{"Echo", "x"}, {"EchoDataAssetReference", "D-" + name}});
        activate("A-" + name, {"C-" + name});
        sync();
        EXPECT_EQ(code_of("assets", "D-" + name), code) << name;
        EXPECT_EQ(state_of("assets", "D-" + name)["valid"], "invalid") << name;
        EXPECT_FALSE(state_of("assets", "D-" + name)["reasons"][0]["details"]["Error"].empty());
        EXPECT_EQ(state_of("configurations", "C-" + name)["active"], false) << name;
        EXPECT_EQ(code_of("configurations", "C-" + name), "Error.ConfigurationCannotBeApplied");
    };
    auto asset = data_asset("https://m.example/type", right);
    document("https://m.example/type", right, "text/html");
    expect_bad("type", asset, "Error.AssetCannotBeVerified");
    document("https://m.example/size", "right?", "text/plain");
    expect_bad("size", data_asset("https://m.example/size", right), "Error.AssetCannotBeVerified");
    document("https://m.example/hash", "wrong", "text/plain");
    expect_bad("hash", data_asset("https://m.example/hash", right), "Error.AssetCannotBeVerified");
    document("https://m.example/404", right, "text/plain", 404);
    expect_bad("404", data_asset("https://m.example/404", right), "Error.AssetCannotBeDownloaded");
    expect_bad("dead", data_asset("https://m.example/dead", right),
               "Error.AssetCannotBeDownloaded");
    // Base64 is understood as well, and with Size 0 the hash does not count.
    asset = data_asset("https://m.example/64", right);
    asset["Reference"]["Hash-SHA-256"] = to_base64(crypto::sha256(as_bytes(right)));
    document("https://m.example/64", right, "text/plain");
    declare("asset.data", "D-64", asset);
    auto zero = data_asset("https://m.example/64", "");
    zero["Authentication"]["Type"] = "None";
    declare("asset.data", "D-0", zero);
    for (const std::string name : {"64", "0"}) {
        declare("configuration.management.test", "C-" + name,
                {{"Echo", "x"}, {"EchoDataAssetReference", "D-" + name}});
        activate("A-" + name, {"C-" + name});
    }
    sync();
    EXPECT_EQ(state_of("assets", "D-64")["valid"], "valid");
    EXPECT_EQ(state_of("assets", "D-0")["valid"], "valid");
    EXPECT_NE(std::ranges::find(asked, "GET https://m.example/64"), asked.end()) << "plain";
}

TEST_F(ddm_effects, a_download_that_failed_is_tried_again_by_itself) {
    declare("asset.data", "D1", data_asset("https://m.example/a", "a"));
    declare("configuration.management.test", "C1",
            {{"Echo", "hello"}, {"EchoDataAssetReference", "D1"}});
    activate("A1", {"C1"});
    sync();
    EXPECT_EQ(code_of("assets", "D1"), "Error.AssetCannotBeDownloaded");
    const auto due = engine.next_due();
    EXPECT_GT(due, host.clock);
    EXPECT_LE(due, host.clock + 1h);
    look();
    EXPECT_EQ(asked, strings{}) << "not yet";
    host.clock = due;
    look();
    EXPECT_EQ(asked, strings{"GET as MDM https://m.example/a"});
    EXPECT_GT(engine.next_due() - host.clock, 5min) << "the pauses grow";
    host.clock = engine.next_due();
    document("https://m.example/a", "a", "text/plain");
    look();
    EXPECT_EQ(state_of("assets", "D1")["valid"], "valid");
    EXPECT_EQ(engine.next_due(), host.clock - 15min + 24h) << "only the daily report";
}

// Schema declarative/declarations/assets/credentials: what is in a document has to be of its type.
TEST_F(ddm_effects, an_account_with_its_credentials) {
    host.where.user_channel = true;
    document("https://m.example/c", R"({"UserName":"ada","Password":"secret"})",
             "application/json");
    document("https://m.example/bad", R"({"Password":"secret"})", "application/json");
    const auto credential = [](const char* url) {
        return json{{"Reference", {{"DataURL", url}, {"ContentType", "application/json"}}}};
    };
    declare("asset.credential.userpassword", "P1", credential("https://m.example/c"));
    declare("asset.credential.userpassword", "P2", credential("https://m.example/bad"));
    declare("configuration.account.caldav", "C1",
            {{"HostName", "cal.example"},
             {"Port", 443},
             {"VisibleName", "Work"},
             {"AuthenticationCredentialsAssetReference", "P1"}});
    declare("configuration.account.caldav", "C2",
            {{"HostName", "cal.example"}, {"AuthenticationCredentialsAssetReference", "P2"}});
    subscribe("S1", {"account.list.caldav", "account.list.carddav"});
    activate("A1", {"C1", "C2", "S1"});
    sync();
    EXPECT_EQ(code_of("assets", "P2"), "Error.AssetCannotBeDeserialized");
    EXPECT_EQ(report["StatusItems"]["account"]["list"]["caldav"],
              json::array({{{"identifier", "C1"},
                            {"declaration-identifier", "C1"},
                            {"visible-name", "Work"},
                            {"hostname", "cal.example"},
                            {"port", 443},
                            {"username", "ada"},
                            {"are-calendars-enabled", true},
                            {"are-reminders-enabled", true}}}));
    EXPECT_EQ(report["StatusItems"]["account"]["list"]["carddav"], json::array());
    // Apple, "StatusReport": a removed element is told by its identifier and `_removed`.
    activate("A1", {"C2", "S1"}, nullptr, "2");
    sync();
    EXPECT_EQ(report["StatusItems"]["account"]["list"]["caldav"],
              json::array({{{"identifier", "C1"}, {"_removed", true}}}));
    EXPECT_FALSE(report["StatusItems"]["account"]["list"].contains("carddav"));
}

// DDM-054.
TEST_F(ddm_effects, combined_configurations_become_one) {
    declare("configuration.passcode.settings", "C1",
            {{"RequirePasscode", true}, {"MinimumLength", 6}, {"MaximumFailedAttempts", 10}});
    declare("configuration.passcode.settings", "C2",
            {{"RequireComplexPasscode", true}, {"MinimumLength", 8}, {"MaximumFailedAttempts", 5}});
    declare("configuration.diskmanagement.settings", "D1",
            {{"Restrictions", {{"ExternalStorage", "ReadOnly"}, {"NetworkStorage", "Allowed"}}}});
    declare("configuration.diskmanagement.settings", "D2",
            {{"Restrictions", {{"ExternalStorage", "Allowed"}, {"NetworkStorage", "Disallowed"}}}});
    activate("A1", {"C1", "C2", "D1", "D2"});
    sync();
    EXPECT_EQ(host.settings["com.apple.configuration.passcode.settings"],
              (json{{"RequirePasscode", true},
                    {"RequireComplexPasscode", true},
                    {"MinimumLength", 8},
                    {"MaximumFailedAttempts", 5}}));
    EXPECT_EQ(host.settings["com.apple.configuration.diskmanagement.settings"]["Restrictions"],
              (json{{"ExternalStorage", "ReadOnly"}, {"NetworkStorage", "Disallowed"}}));
    activate("A1", {"C1", "D1"}, nullptr, "2");
    sync();
    EXPECT_EQ(host.settings["com.apple.configuration.passcode.settings"]["MinimumLength"], 6);
    undeclare("A1");
    sync();
    EXPECT_EQ(host.settings["com.apple.configuration.passcode.settings"], nullptr);
}

TEST_F(ddm_effects, of_a_single_type_one_counts) {
    declare("configuration.screensharing.host.settings", "C1", {{"PortBase", 6000}});
    declare("configuration.screensharing.host.settings", "C2", {{"PortBase", 7000}});
    activate("A1", {"C1", "C2"});
    sync();
    EXPECT_EQ(host.settings["com.apple.configuration.screensharing.host.settings"],
              (json{{"PortBase", 6000}}));
    EXPECT_EQ(state_of("configurations", "C1")["active"], true);
    EXPECT_EQ(state_of("configurations", "C2")["active"], false);
    EXPECT_EQ(code_of("configurations", "C2"), "Error.ConfigurationCannotBeApplied");
}

TEST_F(ddm_effects, a_legacy_configuration_installs_and_removes_its_profile) {
    document("https://m.example/p1", "profile one", "application/x-apple-aspen-config");
    document("https://m.example/p2", "profile two", "application/x-apple-aspen-config");
    document("https://m.example/bad", "bad", "application/x-apple-aspen-config");
    declare("configuration.legacy", "C1", {{"ProfileURL", "https://m.example/p1"}});
    declare("configuration.legacy.interactive", "C2",
            {{"ProfileURL", "https://m.example/bad"}, {"VisibleName", "two"}});
    activate("A1", {"C1", "C2"});
    sync();
    EXPECT_NE(std::ranges::find(asked, "GET as MDM https://m.example/p1"), asked.end());
    EXPECT_EQ(host.profiles, std::set<std::string>{"profile one"});
    EXPECT_EQ(state_of("configurations", "C1")["valid"], "valid");
    EXPECT_EQ(state_of("configurations", "C2")["active"], true);
    EXPECT_EQ(state_of("configurations", "C2")["valid"], "invalid");
    EXPECT_EQ(state_of("configurations", "C2")["reasons"][0]["details"]["Error"],
              "the profile is bad");
    // Another profile in a new revision takes the place of the first.
    declare("configuration.legacy", "C1", {{"ProfileURL", "https://m.example/p2"}}, "2");
    sync();
    EXPECT_EQ(host.profiles, std::set<std::string>{"profile two"});
    // DDM-038: removed, and un-applied.
    undeclare("C1");
    activate("A1", {"C2"}, nullptr, "2");
    sync();
    EXPECT_EQ(host.profiles, std::set<std::string>{});
    EXPECT_EQ(state_of("configurations", "C1"), nullptr);
}

// DDM-058.
TEST_F(ddm_effects, the_end_of_the_enrollment_takes_everything_back) {
    document("https://m.example/p1", "profile one", "application/x-apple-aspen-config");
    declare("configuration.legacy", "C1", {{"ProfileURL", "https://m.example/p1"}});
    declare("configuration.passcode.settings", "C2", {{"MinimumLength", 6}});
    activate("A1", {"C1", "C2"});
    sync();
    engine.withdraw();
    EXPECT_EQ(host.profiles, std::set<std::string>{});
    EXPECT_EQ(host.settings["com.apple.configuration.passcode.settings"], nullptr);
}

TEST_F(ddm_effects, an_update_is_enforced_at_its_time) {
    declare("configuration.softwareupdate.enforcement.specific", "U1",
            {{"TargetOSVersion", "15.2"}, {"TargetLocalDateTime", "2026-02-01T20:00:00"}});
    declare("configuration.softwareupdate.enforcement.specific", "U2",
            {{"TargetOSVersion", "15.2"}, {"TargetLocalDateTime", "tomorrow"}});
    activate("A1", {"U1", "U2"});
    sync();
    ASSERT_EQ(host.updates.size(), 1U);
    EXPECT_EQ(host.updates[0], (update_enforcement{.declaration = "U1",
                                                   .version = "15.2",
                                                   .build = "",
                                                   .at = *from_rfc3339("2026-02-01T20:00:00Z")}));
    EXPECT_EQ(state_of("configurations", "U2")["valid"], "invalid");
    EXPECT_TRUE(engine.has_active("com.apple.configuration.softwareupdate.enforcement.specific"));
    undeclare("A1");
    sync();
    EXPECT_EQ(host.updates.size(), 0U);
}

TEST_F(ddm_effects, state_is_saved_and_put_back) {
    document("https://m.example/p1", "profile one", "application/x-apple-aspen-config");
    document("https://m.example/a", "text", "text/plain");
    declare("configuration.legacy", "L1", {{"ProfileURL", "https://m.example/p1"}});
    declare("asset.data", "D1", data_asset("https://m.example/a", "text"));
    declare("configuration.management.test", "C1",
            {{"Echo", "hello"}, {"EchoDataAssetReference", "D1"}});
    declare("configuration.passcode.settings", "C2", {{"MinimumLength", 6}});
    subscribe("S1", {"test.integer-value"});
    activate("A1", {"L1", "C1", "C2", "S1"});
    sync();
    const auto saved = engine.save();

    ddm_engine again{host, cache};
    ASSERT_TRUE(again.load(saved));
    EXPECT_EQ(again.save(), saved);
    EXPECT_EQ(again.token(), engine.token());
    EXPECT_EQ(again.settings("com.apple.configuration.passcode.settings"),
              (json{{"MinimumLength", 6}}));
    EXPECT_FALSE(again.look_again()) << "nothing to fetch, nothing to say";
    EXPECT_EQ(again.next_due(), engine.next_due());
    host.values["test.integer-value"] = 1;
    EXPECT_TRUE(again.look_again());
    again.withdraw();
    EXPECT_EQ(host.profiles, std::set<std::string>{});

    ddm_engine broken{host, cache};
    EXPECT_FALSE(broken.load({}));
    auto odd = saved;
    odd.set("declarations", plist::array{plist::value{1}});
    EXPECT_FALSE(broken.load(odd));
}

TEST_F(ddm_effects, equal_declarations_are_held_once) {
    declare("configuration.management.test", "C1", test_payload);
    sync();
    bench_host other_host;
    ddm_engine other{other_host, cache};
    for (auto next = other.start(std::nullopt); next;) {
        const auto [status, body] = answer(std::get<ddm_message>(*next));
        next = other.on_answer(status, body);
    }
    EXPECT_EQ(other.held().of(pomona::ddm::kind::configuration).front(),
              engine.held().of(pomona::ddm::kind::configuration).front());
}

// DDM-061.
TEST(ddm_enforcement, what_a_declaration_manages_no_command_schedules) {
    const time_point now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5}};
    os_updates updates{{.version = "15.1", .build = "24B83"}, true, 26};
    const update_request wanted{.product_version = "15.2", .action = install_action::install_asap};
    updates.enforce({{.declaration = "U1", .version = "15.2", .build = "", .at = now + 48h}}, now);
    const auto refused = updates.schedule(wanted, now);
    EXPECT_EQ(refused.action, "Error");
    EXPECT_NE(refused.problem.find("declaration"), std::string::npos) << refused.problem;
    updates.enforce({}, now);
    EXPECT_NE(updates.schedule(wanted, now).action, "Error");
}

} // namespace
} // namespace pomona::sim::mac
