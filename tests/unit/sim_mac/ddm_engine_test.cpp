// Declarative management without a world: a server of a few lines answers the engine's requests.
#include "ddm_bench.hpp"

namespace pomona::sim::mac {
namespace {

class ddm : public ddm_bench {};

// Observed (F1), DDM-035, DDM-040.
TEST_F(ddm, the_first_synchronisation_asks_in_apples_order) {
    declare("configuration.management.test", "C1", test_payload);
    activate("A1", {"C1"});
    sync();
    EXPECT_EQ(asked, (strings{"tokens", "declaration-items", "declaration/activation/A1",
                              "declaration/configuration/C1", "tokens", "status"}));
    EXPECT_TRUE(report["StatusItems"]["management"].contains("client-capabilities"));
    EXPECT_TRUE(report["StatusItems"]["management"].contains("declarations"));
    EXPECT_EQ(report["Errors"], json::array());
    EXPECT_EQ(state_of("configurations", "C1")["active"], true);
    EXPECT_EQ(state_of("configurations", "C1")["valid"], "valid");
    EXPECT_EQ(state_of("configurations", "C1")["server-token"], "1"); // DDM-042
}

// DDM-035, DDM-036.
TEST_F(ddm, data_spares_the_tokens_request_and_an_equal_token_everything) {
    sync(tokens());
    EXPECT_EQ(asked, (strings{"declaration-items", "tokens", "status"}));
    sync(tokens());
    EXPECT_EQ(asked, strings{});
    sync();
    EXPECT_EQ(asked, strings{"tokens"});
}

// DDM-037, DDM-038, DDM-052.
TEST_F(ddm, fetches_only_what_changed_and_drops_what_is_gone) {
    declare("configuration.management.test", "C1", test_payload);
    declare("configuration.management.test", "C2", test_payload);
    sync();
    declare("configuration.management.test", "C2", {{"Echo", "new"}}, "2");
    undeclare("C1");
    sync();
    EXPECT_EQ(asked, (strings{"tokens", "declaration-items", "declaration/configuration/C2",
                              "tokens", "status"}));
    EXPECT_EQ(state_of("configurations", "C1"), nullptr);
    EXPECT_EQ(state_of("configurations", "C2")["server-token"], "2");
    EXPECT_FALSE(report["StatusItems"]["management"].contains("client-capabilities"))
        << "did not change";
}

// DDM-039.
TEST_F(ddm, a_declaration_that_is_not_there_is_dropped) {
    declare("configuration.management.test", "C1", test_payload);
    sync();
    declare("configuration.management.test", "C1", test_payload, "2");
    hidden = "C1";
    sync();
    EXPECT_TRUE(engine.succeeded());
    EXPECT_EQ(state_of("configurations", "C1"), nullptr);
    EXPECT_EQ(engine.held().size(), 0U);
}

// DDM-059.
TEST_F(ddm, a_report_that_was_not_taken_comes_again) {
    declare("configuration.management.test", "C1", test_payload);
    status_answer = 500;
    sync();
    EXPECT_FALSE(engine.succeeded());
    const auto lost = report;
    status_answer = 200;
    sync();
    EXPECT_EQ(asked, (strings{"tokens", "status"}));
    EXPECT_EQ(report, lost);
    sync();
    EXPECT_EQ(asked, strings{"tokens"});
}

// DDM-043, DDM-044, DDM-045, DDM-060, DDM-062.
TEST_F(ddm, says_why_a_declaration_is_not_active) {
    declare("configuration.management.test", "alone", test_payload);
    activate("A1", {"missing"});
    declare("configuration.management.test", "C2",
            {{"Echo", "x"}, {"EchoDataAssetReference", "no-asset"}});
    activate("A2", {"C2"});
    declare("asset.useridentity", "unused", {{"FullName", "n"}});
    declare("management.properties", "M1", {{"shard", 3}});
    declare("configuration.no.such.type", "odd", json::object());
    sync();
    EXPECT_EQ(code_of("configurations", "alone"), "Info.NotReferencedByActivation");
    EXPECT_EQ(state_of("configurations", "alone")["valid"], "unknown");
    EXPECT_EQ(code_of("activations", "A1"), "Error.MissingConfigurations");
    EXPECT_EQ(state_of("activations", "A1")["reasons"][0]["details"]["ConfigurationIdentifiers"],
              json::array({"missing"}));
    EXPECT_EQ(code_of("configurations", "C2"), "Error.MissingAssets");
    EXPECT_EQ(state_of("configurations", "C2")["reasons"][0]["details"]["AssetIdentifiers"],
              json::array({"no-asset"}));
    EXPECT_EQ(code_of("assets", "unused"), "Info.NotReferencedByConfiguration");
    EXPECT_EQ(state_of("management", "M1")["active"], false);
    EXPECT_EQ(state_of("management", "M1")["valid"], "valid");
    EXPECT_EQ(code_of("configurations", "odd"), "Error.ConfigurationNotSupported");
    EXPECT_EQ(state_of("configurations", "odd")["valid"], "invalid");
}

// DDM-046, DDM-047.
TEST_F(ddm, predicates) {
    declare("configuration.management.test", "C1", test_payload);
    activate("true", {"C1"}, "TRUEPREDICATE");
    activate("false", {"C1"}, "FALSEPREDICATE");
    activate("bad", {"C1"}, "1 == ");
    activate("operator", {"C1"}, "(@status(");
    activate("unknown", {"C1"}, "@status(no.such.item) == 1");
    activate("raising", {"C1"}, "@status(device.model.family) < 1");
    activate("no-text", {"C1"}, 7);
    sync();
    EXPECT_EQ(state_of("activations", "true")["active"], true);
    EXPECT_EQ(state_of("activations", "false")["active"], false);
    EXPECT_EQ(state_of("activations", "false")["valid"], "valid");
    EXPECT_EQ(code_of("activations", "false"), "Info.Predicate");
    EXPECT_EQ(code_of("activations", "bad"), "Error.UnableToParsePredicate");
    EXPECT_EQ(state_of("activations", "bad")["reasons"][0]["details"]["Predicate"], "1 == ");
    EXPECT_EQ(code_of("activations", "operator"), "Error.UnableToParsePredicateWithCustomOperator");
    EXPECT_EQ(code_of("activations", "unknown"), "Error.UnableToEvaluatePredicate");
    EXPECT_EQ(code_of("activations", "raising"), "Error.PredicateFailed");
    EXPECT_EQ(code_of("activations", "no-text"), "Error.InvalidPayload");
    EXPECT_EQ(state_of("configurations", "C1")["active"], true);
}

// DDM-048.
TEST_F(ddm, unknown_payload_keys_are_named) {
    declare("configuration.management.test", "C1", {{"Echo", "x"}, {"Ecco", "y"}});
    activate("A1", {"C1"});
    sync();
    EXPECT_EQ(code_of("configurations", "C1"), "Error.UnknownPayloadKeys");
    EXPECT_EQ(state_of("configurations", "C1")["reasons"][0]["details"]["UnknownPayloadKeys"],
              json::array({"Ecco"}));
}

// DDM-055.
TEST_F(ddm, the_test_configuration_echoes_and_fails_when_told) {
    declare("configuration.management.test", "C1", test_payload);
    declare("configuration.management.test", "C2", {{"Echo", "no"}, {"ReturnStatus", "Failed"}});
    activate("A1", {"C1", "C2"});
    sync();
    EXPECT_EQ(state_of("configurations", "C1")["reasons"][0]["description"], "hello");
    EXPECT_EQ(code_of("configurations", "C2"), "Error.ConfigurationCannotBeApplied");
    EXPECT_EQ(state_of("configurations", "C2")["valid"], "invalid");
}

// DDM-049, DDM-050, DDM-051.
TEST_F(ddm, subscriptions_merge_and_end) {
    subscribe("S1", {"device.model.family", "device.identifier.udid"});
    subscribe("S2", {"device.model.family", "passcode.is-present"});
    activate("A1", {"S1", "S2"});
    sync();
    EXPECT_EQ(report["StatusItems"]["device"],
              (json{{"model", {{"family", "Mac"}}}, {"identifier", {{"udid", "UDID-1"}}}}));
    ASSERT_EQ(report["Errors"].size(), 1U);
    EXPECT_EQ(report["Errors"][0]["StatusItem"], "passcode.is-present");
    EXPECT_TRUE(report["Errors"][0]["Reasons"][0].contains("Code")); // DDM-062
    activate("A1", {"S1"});
    declarations["A1"]["ServerToken"] = "2";
    sync();
    EXPECT_FALSE(report["StatusItems"].contains("device")) << "nothing of it changed";
    EXPECT_EQ(report["Errors"], json::array());
}

TEST_F(ddm, a_failing_server_ends_the_synchronisation_and_the_next_one_starts_again) {
    declare("configuration.management.test", "C1", test_payload);
    auto next = engine.start(std::nullopt);
    next = engine.on_answer(200, tokens());
    EXPECT_FALSE(engine.on_answer(503, {}));
    EXPECT_FALSE(engine.succeeded());
    next = engine.start(std::nullopt);
    engine.on_failure();
    EXPECT_FALSE(engine.succeeded());
    sync();
    EXPECT_TRUE(engine.succeeded());
    EXPECT_EQ(engine.held().size(), 1U);
}

TEST_F(ddm, hostile_answers_end_it) {
    for (const auto* body : {"", "null", "[]", "{\"SyncTokens\":7}", "\xff\xfe"}) {
        ASSERT_TRUE(engine.start(std::nullopt));
        EXPECT_FALSE(engine.on_answer(200, as_bytes(body)));
        EXPECT_FALSE(engine.succeeded());
    }
}

TEST_F(ddm, a_token_that_never_settles_does_not_hold_the_mac) {
    asked.clear();
    auto next = engine.start(std::nullopt);
    int requests = 0;
    for (; next && requests < 100; ++requests) {
        ++version;
        next = answered(*next);
    }
    EXPECT_LT(requests, 20);
    EXPECT_EQ(asked.back(), "status");
}

} // namespace
} // namespace pomona::sim::mac
