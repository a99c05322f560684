// The calls by which the provider is worked.
#include "bench.hpp"

namespace pomona::sim::idp {
namespace {

json body_of(const net::reply& r) {
    return json::parse(text_of(r.what), nullptr, false);
}

TEST_F(provider, users_come_and_go) {
    EXPECT_EQ(manage("POST", "/idp/users",
                     {{"users", {{{"name", "alan"}, {"password", "p"}}, {{"name", "b"}}}}})
                  .what.status,
              200U);
    EXPECT_EQ(body_of(manage("GET", "/idp/users"))["users"].size(), 4U);
    EXPECT_EQ(log_in(authorize(asked()), "alan", "p").status, 303U);
    EXPECT_EQ(manage("DELETE", "/idp/users/alan").what.status, 200U);
    EXPECT_EQ(manage("DELETE", "/idp/users/alan").what.status, 404U);
    EXPECT_EQ(log_in(authorize(asked()), "alan", "p").status, 200U);
    EXPECT_EQ(manage("POST", "/idp/users", {{"password", "x"}}).what.status, 400U);
}

TEST_F(provider, a_client_gets_an_id_and_a_secret) {
    const auto made = manage("POST", "/idp/clients", {{"redirect_uris", {"https://a/b"}}});
    EXPECT_EQ(made.what.status, 201U);
    const std::string id = body_of(made)["client_id"];
    EXPECT_FALSE(body_of(made)["client_secret"].get<std::string>().empty());
    EXPECT_EQ(authorize(asked({{"client_id", id}, {"redirect_uri", "https://a/b"}})).status, 200U);
    const auto open = manage("POST", "/idp/clients",
                             {{"client_id", "p"}, {"public", true}, {"redirect_uris", {"x:/y"}}});
    EXPECT_EQ(body_of(open)["client_secret"], "");
    EXPECT_EQ(manage("POST", "/idp/clients", json::object()).what.status, 400U);
}

TEST_F(provider, what_happened_is_told) {
    log_in(authorize(asked()), "ada@example.org", "wrong");
    tokens();
    const auto log = body_of(manage("GET", "/idp/log"))["log"];
    std::vector<std::string> what;
    for (const auto& line : log) {
        what.push_back(line["what"]);
    }
    EXPECT_EQ(what, (std::vector<std::string>{"wrong-password", "login", "tokens"}));
    EXPECT_EQ(log[1]["user"], "ada@example.org");
    EXPECT_EQ(log[1]["party"], "web");
}

TEST_F(provider, wrong_calls_are_refused) {
    EXPECT_EQ(manage("POST", "/idp/expire", {{"what", "milk"}}).what.status, 400U);
    EXPECT_EQ(manage("PUT", "/idp/deny").what.status, 405U);
    EXPECT_EQ(manage("GET", "/idp/nothing").what.status, 404U);
    EXPECT_EQ(manage("POST", "/idp/deny", json::array()).what.status, 400U);
    manage("POST", "/idp/deny", {{"times", 3}});
    EXPECT_EQ(body_of(manage("GET", "/idp"))["denials"].size(), 1U);
    manage("POST", "/idp/reset");
    EXPECT_EQ(body_of(manage("GET", "/idp"))["denials"].size(), 0U);
}

} // namespace
} // namespace pomona::sim::idp
