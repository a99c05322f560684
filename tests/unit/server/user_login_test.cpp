// Network users at the reference server: UserAuthenticate, AuthToken, and who is managed.
#include "pomona/protocol/mdm/keys.hpp"
#include "pomona/protocol/mdm/user_authenticate.hpp"
#include "scripted_mac.hpp"
#include "users/network_users.hpp"

#include <gtest/gtest.h>

namespace pomona::server {
namespace {

void become_user(scripted_mac& mac, std::string short_name) {
    mac.from.user_id = "GUID-" + short_name;
    mac.from.user_short_name = std::move(short_name);
    mac.from.user_long_name = "Somebody";
    mac.from.auth_token.clear();
}

net::task<net::response> ask(scripted_mac& mac, std::optional<std::string> response = {}) {
    mdm::checkin_message m{.from = mac.from,
                           .body = mdm::user_authenticate{.digest_response = std::move(response)}};
    m.from.auth_token.clear();
    co_return co_await mac.checkin(std::move(m));
}

std::string text_in(const net::response& r, std::string_view key) {
    const auto d = plist::parse_dict(r.body);
    const auto* text = d ? d->string(key) : nullptr;
    return text == nullptr ? "none" : *text;
}

/// Both steps; the token.
net::task<std::string> log_in(scripted_mac& mac, std::string password) {
    const auto asked = co_await ask(mac);
    const auto challenge = mdm::parse_digest_challenge(text_in(asked, "DigestChallenge"));
    EXPECT_TRUE(challenge);
    const auto answer = mdm::write_digest_response(
        mdm::answer_digest(challenge.value(), mac.from.user_short_name, password));
    const auto r = co_await ask(mac, answer);
    EXPECT_EQ(r.status, 200U);
    co_return text_in(r, "AuthToken");
}

net::task<void> enroll_with_users(lab& l, scripted_mac& mac) {
    l.options.users = {{"net1", "secret"}, {"open", ""}};
    co_await l.start();
    co_await mac.enroll();
}

TEST(user_login, the_two_steps_give_a_token_MDM_CHK_037_ENR_020) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enroll_with_users(l, mac);
        become_user(mac, "net1");
        const auto first = co_await ask(mac);
        EXPECT_EQ(first.status, 200U);
        EXPECT_EQ(net::media_type(first.headers), "application/xml");
        const auto token = co_await log_in(mac, "secret");
        EXPECT_GT(token.size(), 20U);
        EXPECT_NE(token, co_await log_in(mac, "secret"));
        // Who is not known is not managed; who has no password needs no token.
        become_user(mac, "stranger");
        EXPECT_EQ((co_await ask(mac)).status, 410U);
        become_user(mac, "open");
        EXPECT_EQ(text_in(co_await ask(mac), "DigestChallenge"), "");
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        // A message without the name is asked all the same.
        become_user(mac, "");
        mac.from.user_id = "GUID-net1";
        EXPECT_NE(text_in(co_await ask(mac), "DigestChallenge"), "none");
    });
}

TEST(user_login, a_wrong_answer_gets_an_empty_token_MDM_CHK_038) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enroll_with_users(l, mac);
        become_user(mac, "net1");
        EXPECT_EQ(co_await log_in(mac, "wrong"), "");
        // Without a challenge, to an old one, or in no form at all.
        const auto asked = co_await ask(mac);
        const auto challenge = mdm::parse_digest_challenge(text_in(asked, "DigestChallenge"));
        const auto right =
            mdm::write_digest_response(mdm::answer_digest(challenge.value(), "net1", "secret"));
        EXPECT_NE(text_in(co_await ask(mac, right), "AuthToken"), "");
        EXPECT_EQ(text_in(co_await ask(mac, right), "AuthToken"), "");
        EXPECT_EQ(text_in(co_await ask(mac, "nonsense"), "AuthToken"), "");
        co_await ask(mac);
        co_await l.w().sleep_for(10min);
        EXPECT_EQ(text_in(co_await ask(mac, right), "AuthToken"), "");
    });
}

TEST(user_login, without_its_token_a_user_gets_nothing_MDM_CHK_039) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enroll_with_users(l, mac);
        become_user(mac, "net1");
        EXPECT_EQ((co_await mac.token_update()).status, 403U); // before the log-in
        const auto token = co_await log_in(mac, "secret");
        EXPECT_EQ((co_await mac.token_update()).status, 403U);
        mac.from.auth_token = token;
        EXPECT_EQ((co_await mac.token_update()).status, 200U);
        co_await l.enqueue(mac.id(), "one", "ProfileList");
        for (const auto* wrong : {"", "other"}) {
            mac.from.auth_token = wrong;
            const auto r = co_await mac.idle();
            EXPECT_EQ(r.status, 403U);
            EXPECT_EQ(as_text(r.body).find("com.apple"), std::string::npos); // keeps the enrollment
            EXPECT_EQ((co_await mac.declarative("tokens")).status, 403U);
        }
        mac.from.auth_token = token;
        EXPECT_EQ(uuid_in(co_await mac.idle()), "one");
        // The next log-in ends it.
        co_await ask(mac);
        EXPECT_EQ((co_await mac.idle()).status, 403U);
    });
}

TEST(user_login, a_stranger_costs_no_enrollment_and_learns_nothing) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await enroll_with_users(l, mac);
        scripted_mac other{l, 2};
        co_await other.enroll();
        become_user(mac, "net1");
        become_user(other, "net1");
        other.from.device = mac.from.device;
        const auto r = co_await ask(other);
        EXPECT_EQ(r.status, 403U);
        EXPECT_EQ(text_in(r, "DigestChallenge"), "none");
        // The device itself has no log-in.
        mac.from = {.device = mac.from.device,
                    .enrollment = {},
                    .user_id = {},
                    .user_short_name = {},
                    .user_long_name = {}};
        EXPECT_EQ((co_await ask(mac)).status, 400U);
    });
}

TEST(user_login, users_come_and_go_by_api_and_outlive_a_restart) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.enroll();
        become_user(mac, "bob");
        EXPECT_EQ((co_await ask(mac)).status, 410U);
        EXPECT_EQ(
            (co_await l.api("PUT", "/v1/users/bob", to_bytes("{\"password\":\"pw\"}"))).status,
            204U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/users/carol")).status, 204U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/users/x", to_bytes("[]"))).status, 400U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/users/x", to_bytes("{\"password\":1}"))).status,
                  400U);
        EXPECT_EQ((co_await l.api("PUT", "/v1/users")).status, 400U);
        EXPECT_EQ((co_await l.api("POST", "/v1/users/x")).status, 405U);
        EXPECT_NE(co_await log_in(mac, "pw"), "");
        const auto listed = co_await l.api_json("/v1/users");
        EXPECT_EQ(listed.dump(), R"({"users":[{"short_name":"bob","token":true},)"
                                 R"({"short_name":"carol","token":false}]})");
        EXPECT_EQ((co_await l.api("DELETE", "/v1/users/bob")).status, 204U);
        EXPECT_EQ((co_await l.api("DELETE", "/v1/users/bob")).status, 404U);
        EXPECT_EQ((co_await ask(mac)).status, 410U);
    });
}

TEST(user_login, what_is_kept_is_no_password) {
    network_users users;
    users.put("net1", "secret");
    users.put("open", "");
    const auto saved = users.save();
    EXPECT_EQ(as_text(saved).find("secret"), std::string_view::npos);
    auto back = network_users::load(saved).value();
    EXPECT_EQ(back.names(), users.names());
    EXPECT_TRUE(back.wants_token("net1"));
    EXPECT_FALSE(back.wants_token("open"));
    const time_point now{};
    const auto challenge =
        mdm::parse_digest_challenge(back.challenge("c", "net1", "n", now).value()).value();
    const auto answer = mdm::write_digest_response(mdm::answer_digest(challenge, "net1", "secret"));
    EXPECT_FALSE(back.is_right("other", answer, now));
    EXPECT_TRUE(back.is_right("c", answer, now));
    EXPECT_FALSE(network_users::load(to_bytes("junk")));
}

} // namespace
} // namespace pomona::server
