// Users, identities, retries and what a CA decides, as scenario files say them.
#include "pomona/scenario/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pomona::scenario {
namespace {

using testing::HasSubstr;

std::string group(const std::string& inside, const std::string& steps = "enroll: profile") {
    return "pomona: 1\nname: t\nmacs: {a: {" + inside + "}}\nsteps: [{" + steps + "}]\n";
}
std::string problems_of(const std::string& text) {
    const auto parsed = parse("t.yaml", text, {});
    return parsed ? std::string{} : parsed.error().render();
}

TEST(scenario_people, users_have_a_kind_and_a_password) {
    const auto parsed = parse(
        "t.yaml", group("users: [alice, {name: carol, kind: network, password: \"a b\"}]"), {});
    ASSERT_TRUE(parsed) << parsed.error().render();
    const auto& users = parsed->groups[0].users;
    ASSERT_EQ(users.size(), 2U);
    EXPECT_EQ(users[0], (sim::mac::account_order{.short_name = "alice"}));
    EXPECT_EQ(users[1], (sim::mac::account_order{.short_name = "carol",
                                                 .kind = sim::mac::account_kind::network,
                                                 .password = "a b"}));
    EXPECT_THAT(problems_of(group("users: [{name: x, kind: netwerk}]")),
                HasSubstr("did you mean `network`?"));
    EXPECT_THAT(problems_of(group("users: [{kind: local}]")), HasSubstr("name"));
    EXPECT_THAT(problems_of(group("users: [alice, {name: alice}]")), HasSubstr("twice"));
    EXPECT_THAT(problems_of(group("users: []")), HasSubstr("1 to 20"));
    EXPECT_THAT(problems_of(group("users: [Alice]")), HasSubstr("cannot be a user's short name"));
}

TEST(scenario_people, a_group_says_how_its_macs_behave_on_the_wire) {
    const auto parsed = parse("t.yaml",
                              group("identity: {present: header, header: X-Cert, form: escaped-pem}"
                                    ", retry: eager, scep: {dialect: rfc8894}"),
                              {});
    ASSERT_TRUE(parsed) << parsed.error().render();
    const auto& how = parsed->groups[0].manner;
    EXPECT_EQ(how.present, sim::mac::presentation::header);
    EXPECT_EQ(how.certificate_header, "X-Cert");
    EXPECT_EQ(how.header_form, sim::mac::certificate_header_form::escaped_pem);
    EXPECT_EQ(how.retry, sim::mac::retry_manner::eager);
    EXPECT_EQ(how.scep, sim::mac::scep_dialect::rfc8894);
    EXPECT_THAT(problems_of(group("identity: {present: tsl}")), HasSubstr("did you mean `tls`?"));
    EXPECT_THAT(problems_of(group("identity: {present: tls, header: X}")),
                HasSubstr("belong to `present: header`"));
    EXPECT_THAT(problems_of(group("identity: {present: header, header: \"a b\"}")),
                HasSubstr("name of an HTTP header"));
    EXPECT_THAT(problems_of(group("retry: hasty")), HasSubstr("apple, eager, patient"));
    EXPECT_THAT(problems_of(group("scep: {dialekt: apple}")), HasSubstr("dialect"));
}

TEST(scenario_people, steps_about_users_and_the_ca) {
    const auto parsed = parse(
        "t.yaml",
        group("count: 1", "server: users, with: [{name: carol, password: x}, {name: open}]"), {});
    ASSERT_TRUE(parsed) << parsed.error().render();
    const auto& users = std::get<users_step>(parsed->steps[0].verb).users;
    ASSERT_EQ(users.size(), 2U);
    EXPECT_EQ(users[0].password, "x");
    EXPECT_EQ(users[1].password, "");
    const auto approve = parse("t.yaml", group("count: 1", "ca: approve"), {});
    ASSERT_TRUE(approve) << approve.error().render();
    EXPECT_EQ(std::get<ca_step>(approve->steps[0].verb).kind, ca_step::what::approve);
    EXPECT_THAT(problems_of(group("count: 1", "server: users")), HasSubstr("needs `with`"));
    EXPECT_THAT(problems_of(group("count: 1", "ca: revoke")), HasSubstr("manual, automatic"));
}

TEST(scenario_people, ways_to_enroll) {
    const auto parsed =
        parse("t.yaml", group("count: 1", "enroll: account-driven-user, account: a@b"), {});
    ASSERT_TRUE(parsed) << parsed.error().render();
    const auto& e = std::get<enroll_step>(parsed->steps[0].verb);
    EXPECT_EQ(e.account_mode, "byod");
    EXPECT_EQ(e.account, "a@b");
    const auto beside = parse("t.yaml", group("count: 1", "enroll: profile, wait: false"), {});
    ASSERT_TRUE(beside) << beside.error().render();
    EXPECT_FALSE(std::get<enroll_step>(beside->steps[0].verb).wait);
    EXPECT_THAT(problems_of(group("count: 1", "enroll: profile, wait: false, tries: 2")),
                HasSubstr("plain"));
    EXPECT_THAT(problems_of(group("count: 1", "enroll: carrier-pigeon")), HasSubstr("ways are"));
}

} // namespace
} // namespace pomona::scenario
