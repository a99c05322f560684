// ENR-111: pinned certificates of the MDM payload decide what is trusted at its URLs.
#include "pomona/protocol/profile/profile.hpp"
#include "scripted_server.hpp"

#include <gmock/gmock.h>

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

/// Payloads of scripted_server's profile.
const std::string root_uuid = "AAAAAAAA-0000-4000-8000-000000000003";
const std::string other_uuid = "AAAAAAAA-0000-4000-8000-000000000004";

class pinning : public mac_bench {
  public:
    /// The usual profile, and a certificate that has nothing to do with the server.
    void add_certificate() {
        const auto key = crypto::private_key::generate_p256(world->crypto()).value();
        crypto::certificate_spec s;
        s.subject = {{"CN", "Another"}};
        s.serial = {9};
        s.not_before = world->now() - 24h;
        s.not_after = world->now() + std::chrono::hours{24 * 365};
        const auto other = crypto::self_sign(s, key).value();
        auto p = server->enrollment_profile();
        p.payloads.push_back(payload_of(std::string{profile::root_type}, other_uuid,
                                        {{"PayloadContent", other.der()}}));
        server->answer("profile",
                       http(200, server->media_type, pomona::to_text(profile::write(p))));
    }
    static net::task<void> try_it(pinning* b) {
        b->add_certificate();
        auto done = co_await b->subject->enroll(b->server->url("/enroll"));
        if (!done) {
            b->failure = done.error();
        }
        co_await b->sleep(1min);
        if (done) {
            co_await b->push();
            co_await b->sleep(1min);
        }
    }
    void attempt() { run(try_it(this)); }
    std::optional<enroll_failure> failure;
};

TEST_F(pinning, the_pinned_certificate_is_trusted) {
    server->settings.server_pins = {root_uuid};
    server->settings.checkin_pins = {other_uuid, root_uuid};
    attempt();
    EXPECT_FALSE(failure) << failure->reason;
    EXPECT_EQ(server->count("Authenticate"), 1U);
    EXPECT_GE(server->count("Idle"), 1U);
}

TEST_F(pinning, nothing_else_is_trusted_at_the_check_in_url) {
    server->settings.checkin_pins = {other_uuid};
    attempt();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->at, "Authenticate");
    EXPECT_TRUE(failure->transport);
    EXPECT_EQ(server->count("Authenticate"), 0U);
    EXPECT_EQ(server->count("PKIOperation"), 1U) << "other URLs are trusted as usual";
}

TEST_F(pinning, nothing_else_is_trusted_at_the_server_url) {
    server->settings.server_pins = {other_uuid};
    attempt();
    EXPECT_FALSE(failure);
    EXPECT_EQ(server->count("TokenUpdate"), 1U);
    EXPECT_EQ(server->count("Idle"), 0U);
    ASSERT_FALSE(states("session-ended").empty());
}

TEST_F(pinning, a_required_revocation_check_fails_without_a_positive_answer) {
    server->settings.server_pins = {root_uuid};
    server->settings.revocation_check_required = true;
    attempt();
    EXPECT_FALSE(failure);
    EXPECT_EQ(server->count("Idle"), 0U);
    ASSERT_FALSE(states("session-ended").empty());
    EXPECT_THAT(std::string{states("session-ended")[0]->summary.text("reason")},
                testing::HasSubstr("PinningRevocationCheckRequired"));
}

TEST_F(pinning, without_pins_there_is_nothing_to_check) {
    server->settings.revocation_check_required = true;
    attempt();
    EXPECT_FALSE(failure);
    EXPECT_GE(server->count("Idle"), 1U);
}

TEST_F(pinning, a_uuid_of_no_certificate_is_refused) {
    server->settings.server_pins = {identity_uuid};
    attempt();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->at, "profile");
    EXPECT_EQ(server->count("Authenticate"), 0U);
}

TEST_F(pinning, pins_outlive_the_process) {
    static constexpr auto again = [](pinning* b) -> net::task<void> {
        b->server->settings.server_pins = {other_uuid};
        co_await try_it(b);
        const auto kept = b->subject->save();
        b->subject.reset();
        auto loaded = mac::load(*b->env, kept);
        if (!loaded) {
            ADD_FAILURE() << loaded.error().message();
            co_return;
        }
        b->subject = *std::move(loaded);
        b->subject->resume();
        b->subject->poke();
        co_await b->sleep(1min);
    };
    run(again(this));
    EXPECT_EQ(server->count("Idle"), 0U);
    EXPECT_GE(states("session-ended").size(), 2U);
}

} // namespace
} // namespace pomona::sim::mac
