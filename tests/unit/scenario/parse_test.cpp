#include "pomona/scenario/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace pomona::scenario {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string head = "pomona: 1\nname: t\nmacs: {fleet: {count: 3}}\n";

std::string problems_of(const std::string& text, parse_options options = {}) {
    const auto parsed = parse("t.yaml", text, options);
    return parsed ? std::string{} : parsed.error().render();
}

TEST(scenario_file, steps_become_typed_values) {
    const auto parsed = parse("t.yaml", head + R"(
steps:
  - enroll: profile
    after: 0..2s
  - server: queue
    push: false
    with: [{RequestType: ProfileList, ManagedOnly: true}]
    capture: {cmd: uuids.0}
  - expect: command ${cmd}
    within: 10s of push
    times: 2
    where: {status: {in: [200, 204]}}
  - expect: command ${cmd}
    never: true
    quiet_for: 60s of Acknowledged
)",
                              {});
    ASSERT_TRUE(parsed) << parsed.error().render();
    ASSERT_EQ(parsed->steps.size(), 4U);
    const auto& enroll = std::get<enroll_step>(parsed->steps[0].verb);
    EXPECT_EQ(enroll.after_max, duration{2s});
    const auto& queue = std::get<queue_step>(parsed->steps[1].verb);
    EXPECT_FALSE(queue.push);
    EXPECT_EQ(*queue.commands[0].boolean("ManagedOnly"), true);
    const auto& expect = std::get<expect_step>(parsed->steps[2].verb);
    EXPECT_EQ(expect.what.kind, message::what::command);
    EXPECT_EQ(expect.within.length, duration{10s});
    EXPECT_EQ(expect.within.of->kind, message::what::push);
    EXPECT_EQ(expect.times, 2U);
    EXPECT_EQ(expect.where[0].texts, (std::vector<std::string>{"200", "204"}));
    const auto& never = std::get<expect_step>(parsed->steps[3].verb);
    EXPECT_TRUE(never.never);
    EXPECT_EQ(never.quiet_for->of->status, "Acknowledged");
}

TEST(scenario_file, a_group_says_which_versions_of_http_its_macs_offer) {
    const std::string begin = "pomona: 1\nname: t\nmacs: {a: {http: ";
    const std::string end = "}, b: {}}\nsteps: [{enroll: profile}]\n";
    const auto parsed = parse("t.yaml", begin + "http/1.1" + end, {});
    ASSERT_TRUE(parsed) << parsed.error().render();
    EXPECT_EQ(parsed->groups[0].http, sim::mac::http_offer::http_1_1);
    EXPECT_EQ(parsed->groups[1].http, sim::mac::http_offer::negotiate);
    EXPECT_THAT(problems_of(begin + "http/2" + end), HasSubstr("`http` cannot be `http/2`"));
    EXPECT_THAT(problems_of(begin + "negotate" + end), HasSubstr("did you mean `negotiate`?"));
}

const std::string with_users =
    "pomona: 1\nname: t\nmacs: {a: {users: [alice, bob]}, b: {}}\nsteps:\n";

TEST(scenario_file, steps_name_the_users_they_are_about) {
    const auto parsed = parse("t.yaml", with_users + R"(
  - {lifecycle: login, user: bob, macs: a}
  - {set: {console: alice, keychain: locked}, user: alice, macs: a}
  - {server: queue, with: [{RequestType: ProfileList}], user: bob, macs: a}
  - {expect: Idle, user: bob, macs: a, where: {UserID: "${mac.users.bob.id}"}}
  - {expect: Idle, channel: device}
)",
                              {});
    ASSERT_TRUE(parsed) << parsed.error().render();
    EXPECT_EQ(parsed->groups[0].users, (std::vector<sim::mac::account_order>{
                                           {.short_name = "alice"}, {.short_name = "bob"}}));
    const auto& login = std::get<lifecycle_step>(parsed->steps[0].verb);
    EXPECT_EQ(login.kind, lifecycle_step::what::login);
    EXPECT_EQ(login.user, "bob");
    const auto& set = std::get<set_step>(parsed->steps[1].verb);
    EXPECT_EQ(set.what.console, "alice");
    EXPECT_EQ(set.what.keychain_locked, std::optional{true});
    EXPECT_EQ(set.user, "alice");
    EXPECT_EQ(std::get<queue_step>(parsed->steps[2].verb).user, "bob");
    EXPECT_EQ(std::get<expect_step>(parsed->steps[3].verb).user, "bob");
    EXPECT_TRUE(std::get<expect_step>(parsed->steps[4].verb).device_only);
}

TEST(scenario_file, mistakes_about_users_are_named) {
    const std::pair<const char*, const char*> mistakes[] = {
        {"  - {server: push, user: alise, macs: a}\n", "did you mean `alice`?"},
        {"  - {server: push, user: alice}\n", "not every Mac of this step has a user `alice`"},
        {"  - {lifecycle: login, macs: a}\n", "needs `user`"},
        {"  - {lifecycle: remove-profile, user: alice, macs: a}\n", "is about the Mac"},
        {"  - {enroll: profile, user: alice}\n", "unknown key `user`"},
        {"  - {expect: Idle, channel: user}\n", "`channel` can only be `device`"},
        {"  - {set: {keychain: open}}\n", "`keychain` cannot be `open`"},
        {"  - {server: queue, with: [{RequestType: ProfileList, channel: user}]}\n",
         "`channel` is no key of a command"}};
    for (const auto& [step, words] : mistakes) {
        EXPECT_THAT(problems_of(with_users + step), HasSubstr(words)) << step;
    }
    const std::string end = "]}}\nsteps: [{enroll: profile}]\n";
    const std::string begin = "pomona: 1\nname: t\nmacs: {a: {users: [";
    EXPECT_THAT(problems_of(begin + "Bob Smith" + end), HasSubstr("short name"));
    EXPECT_THAT(problems_of(begin + "bob, bob" + end), HasSubstr("there twice"));
}

TEST(scenario_file, an_unknown_key_names_its_place_and_the_likely_word) {
    const auto text = problems_of(head + "steps:\n  - expect: TokenUpdate\n    witin: 3s\n");
    EXPECT_THAT(text, HasSubstr("t.yaml:6:5: error: unknown key `witin`"));
    EXPECT_THAT(text, HasSubstr("    witin: 3s"));
    EXPECT_THAT(text, HasSubstr("^"));
    EXPECT_THAT(text, HasSubstr("did you mean `within`?"));
}

TEST(scenario_file, every_kind_of_mistake_is_named_with_a_mend) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"steps:\n  - expct: TokenUpdate\n", "did you mean `expect`?"},
        {"steps:\n  - expect: TokenUpdat\n", "did you mean `TokenUpdate`?"},
        {"steps:\n  - expect: Idle\n    within: soon\n", "not a length of time"},
        {"steps:\n  - expect: Idle\n    times: 0\n", "whole number"},
        {"steps:\n  - expect: Idle\n    never: true\n", "quiet_for"},
        {"steps:\n  - expect: command ${cmd}\n", "not defined"},
        {"vars: {cmd: x}\nsteps:\n  - expect: command ${cnd}\n", "did you mean `cmd`?"},
        {"steps:\n  - check: MDM-CHK-0004\n", "there is no check"},
        {"steps:\n  - enroll: ota\n", "not a way to enroll in this version"},
        {"steps:\n  - server: queue\n", "`with`"},
        {"steps:\n  - server: queue\n    with: [{Identifier: x}]\n", "RequestType"},
        {"steps:\n  - server: quue\n", "not a server verb"},
        {"steps:\n  - advance: 1d\n", "virtual world"},
        {"steps:\n  - expect: Idle\n    macs: others\n", "no group of Macs named `others`"},
        {"steps:\n  - expect: Idle\n    enroll: profile\n", "one verb"},
        {"steps:\n  - parallel: []\n", "not carried out by this version"},
        {"cases: []\nsteps:\n  - expect: Idle\n", "not carried out by this version"},
        {"needs: [que]\nsteps:\n  - expect: Idle\n", "unknown capability"},
        {"steps:\n  - expect: Idle\n    where: {a: {matches: '('}}\n", "regular expression"},
        {"steps:\n  - server: queue\n    with: [{RequestType: X, Payload: file:no-such-file}]\n",
         "cannot read the file"},
        {"steps: []\n", "`steps`"},
    };
    for (const auto& [text, words] : cases) {
        const auto said = problems_of(head + text);
        EXPECT_THAT(said, HasSubstr(words)) << text;
        EXPECT_THAT(said, HasSubstr("t.yaml:")) << text;
    }
}

TEST(scenario_file, all_mistakes_are_reported_at_once_in_file_order) {
    const auto text = problems_of(head + "steps:\n  - expect: TokenUpdat\n  - expect: Idel\n");
    const auto first = text.find("t.yaml:5");
    const auto second = text.find("t.yaml:6");
    EXPECT_NE(first, std::string::npos);
    EXPECT_NE(second, std::string::npos);
    EXPECT_LT(first, second);
}

TEST(scenario_file, variables_and_counts_can_be_overridden) {
    const auto text = head + "vars: {limit: 5s}\nsteps:\n  - expect: Idle\n    within: ${limit}\n";
    const auto parsed = parse("t.yaml", text, {{{"limit", "7s"}}, 200, false});
    ASSERT_TRUE(parsed) << parsed.error().render();
    EXPECT_EQ(parsed->mac_count(), 200U);
    EXPECT_EQ(std::get<expect_step>(parsed->steps[0].verb).within.length, duration{7s});
    EXPECT_THAT(problems_of(text, {{{"limt", "7s"}}, {}, false}),
                HasSubstr("did you mean `limit`?"));
}

TEST(scenario_file, faults_are_rules_of_the_file_and_steps) {
    const auto parsed = parse("t.yaml", head + R"(
faults:
  seed: 9
  budget: {run: 50, per_mac: 3}
  rules:
    - {fault: drop-answer, on: TokenUpdate, macs: fleet, probability: 0.25, budget: 7}
    - {fault: delay-answer, on: command ProfileList, times: 2, with: {delay: 30s}}
    - {fault: drop-request}
steps:
  - fault: drop-answer
    on: http response to SecurityInfo Acknowledged
    macs: fleet
  - fault: none
  - enroll: profile
    tries: 3
)",
                              {});
    ASSERT_TRUE(parsed) << parsed.error().render();
    const auto& plan = parsed->faults;
    EXPECT_EQ(plan.seed, 9U);
    EXPECT_EQ(plan.limits.run, 50U);
    EXPECT_EQ(plan.limits.a_mac, 3U);
    ASSERT_EQ(plan.rules.size(), 3U);
    EXPECT_EQ(plan.rules[0].what->id, "drop-answer");
    EXPECT_EQ(plan.rules[0].macs, "fleet");
    EXPECT_EQ(plan.rules[0].probability, 0.25);
    EXPECT_EQ(plan.rules[0].times, faults::unlimited);
    EXPECT_EQ(plan.rules[0].in_total, 7U);
    EXPECT_FALSE(plan.rules[0].on_answer);
    EXPECT_TRUE(plan.rules[1].on_answer);
    EXPECT_EQ(plan.rules[1].times, 2U);
    EXPECT_EQ(plan.rules[1].with.length("delay"), 30s);
    EXPECT_FALSE(plan.rules[2].on);
    EXPECT_EQ(plan.rules[2].times, 1U);
    const auto& on = std::get<fault_step>(parsed->steps[0].verb).rule;
    ASSERT_TRUE(on);
    EXPECT_EQ(on->on->text, "SecurityInfo Acknowledged");
    EXPECT_EQ(on->macs, "fleet");
    EXPECT_FALSE(std::get<fault_step>(parsed->steps[1].verb).rule);
    EXPECT_EQ(std::get<enroll_step>(parsed->steps[2].verb).tries, 3);
}

TEST(scenario_file, a_mistake_in_faults_is_named_with_a_mend) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"{fault: drop-anser}", "did you mean `drop-answer`?"},
        {"{on: TokenUpdate}", "lacks `fault`"},
        {"{fault: drop-answer, on: TokenUpdat}", "did you mean `TokenUpdate`?"},
        {"{fault: drop-answer, on: apns push}", "is none of them"},
        {"{fault: drop-answer, on: state enrolled}", "is none of them"},
        {"{fault: drop-request, on: command ProfileList}", "is an answer"},
        {"{fault: delay-request, on: http response to Idle}", "is an answer"},
        {"{fault: drop-answer, on: http response to command}", "no message of a Mac"},
        {"{fault: drop-answer, onn: Idle}", "did you mean `on`?"},
        {"{fault: drop-answer, with: {az: reset}}", "did you mean `as`?"},
        {"{fault: drop-answer, with: {as: never}}", "reset or timeout"},
        {"{fault: delay-answer, with: {delay: 0s}}", "1ms to 1d"},
        {"{fault: drop-answer, probability: 2}", "above 0"},
        {"{fault: drop-answer, probability: 0}", "above 0"},
        {"{fault: drop-answer, times: 0}", "whole number"},
        {"{fault: drop-answer, macs: others}", "no group of Macs named `others`"},
    };
    for (const auto& [rule, words] : cases) {
        const auto said =
            problems_of(head + "faults:\n  rules:\n    - " + rule + "\nsteps:\n  - expect: Idle\n");
        EXPECT_THAT(said, HasSubstr(words)) << rule;
        EXPECT_THAT(said, HasSubstr("t.yaml:6:")) << rule;
    }
    EXPECT_THAT(problems_of(head + "steps:\n  - fault: drop-anser\n"),
                HasSubstr("did you mean `drop-answer`?"));
}

TEST(scenario_file, a_wire_fault_is_refused_in_the_virtual_world) {
    const auto rule = head + "faults: {rules: [{fault: tls-alert}]}\nsteps: [{expect: Idle}]\n";
    const auto step = head + "steps: [{fault: tls-alert}]\n";
    for (const auto& text : {rule, step}) {
        EXPECT_TRUE(parse("t.yaml", text, {}));
        EXPECT_TRUE(parse("t.yaml", text, {.vars = {}, .macs = {}, .any_world = true}));
        EXPECT_THAT(problems_of(text, {.vars = {}, .macs = {}, .virtual_world = true}),
                    HasSubstr("`tls-alert` is a wire fault, and the virtual world has no wire"));
    }
}

TEST(scenario_file, a_missing_file_is_one_clear_sentence) {
    const auto parsed = load("/no/such/file.yaml", {});
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().render(),
                HasSubstr("/no/such/file.yaml: error: there is no such file"));
}

TEST(message_vocabulary, every_documented_form_is_read) {
    for (const auto* text :
         {"Authenticate", "TokenUpdate", "CheckOut", "DeclarativeManagement", "ddm status",
          "ddm declaration", "Idle", "Acknowledged", "ProfileList Acknowledged",
          "InstallProfile NotNow", "command", "command InstallProfile", "apns push", "push",
          "scep PKIOperation", "enrollment profile", "state enrolled",
          "http response to TokenUpdate", "http response to ProfileList Error"}) {
        EXPECT_TRUE(parse_message(text, {})) << text;
    }
    for (const auto* text :
         {"", "ProfileList", "scep Renew", "state", "http response to", "A B Acknowledged"}) {
        EXPECT_FALSE(parse_message(text, {})) << text;
    }
}

} // namespace
} // namespace pomona::scenario
