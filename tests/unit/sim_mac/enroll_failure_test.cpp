// Enrollments that do not come about: where they fail, and that nothing stays behind.
#include "scripted_server.hpp"

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

class failing_enrollment : public mac_bench {
  public:
    static net::task<void> try_it(failing_enrollment* b, duration watch) {
        auto done = co_await b->subject->enroll(b->server->url("/enroll"));
        if (!done) {
            b->failure = done.error();
        }
        b->at_end = b->server->log.size();
        co_await b->sleep(watch);
    }
    void attempt(duration watch = 24h) { run(try_it(this, watch)); }
    void expect_rolled_back(const std::string& at) {
        ASSERT_TRUE(failure);
        EXPECT_EQ(failure->at, at) << failure->reason;
        EXPECT_EQ(subject->now_in(), phase::unenrolled);
        EXPECT_EQ(server->log.size(), at_end) << "ENR-101: no later contact";
        ASSERT_EQ(states("enroll-failed").size(), 1U);
        EXPECT_EQ(states("enroll-failed")[0]->summary.text("at"), at);
        EXPECT_EQ(states("enroll-failed")[0]->summary.flag("repeats"), false);
        EXPECT_TRUE(states("enrolled").empty());
    }
    std::optional<enroll_failure> failure;
    std::size_t at_end = 0;
};

// MDM-CHK-059, ENR-101.
TEST_F(failing_enrollment, no_token_update_after_a_refused_authenticate) {
    server->answer("Authenticate", http(500));
    attempt();
    expect_rolled_back("Authenticate");
    EXPECT_EQ(server->count("TokenUpdate"), 0U);
    EXPECT_FALSE(failure->transport);
}

TEST_F(failing_enrollment, another_2xx_does_not_accept_authenticate) {
    server->answer("Authenticate", http(202));
    attempt();
    expect_rolled_back("Authenticate");
}

TEST_F(failing_enrollment, a_lost_answer_to_authenticate_fails_it) {
    server->answer("Authenticate", lost());
    attempt();
    expect_rolled_back("Authenticate");
    EXPECT_EQ(server->count("Authenticate"), 1U);
}

TEST_F(failing_enrollment, a_refused_scep_request_ends_it) {
    server->answer("PKIOperation", http(500));
    attempt();
    expect_rolled_back("scep");
    EXPECT_EQ(server->count("Authenticate"), 0U);
}

TEST_F(failing_enrollment, a_wrong_ca_fingerprint_ends_it) {
    server->scep.client.ca_fingerprint = bytes(20, 0);
    attempt();
    expect_rolled_back("scep");
    EXPECT_EQ(server->count("PKIOperation"), 0U);
}

TEST_F(failing_enrollment, another_key_size_is_refused_and_said) {
    server->scep.key_size = 4096;
    attempt();
    expect_rolled_back("scep");
    EXPECT_NE(failure->reason.find("4096"), std::string::npos);
    EXPECT_EQ(server->count("GetCACert"), 0U);
}

TEST_F(failing_enrollment, the_profile_needs_its_media_type) {
    server->media_type = "application/xml";
    attempt();
    expect_rolled_back("profile");
}

TEST_F(failing_enrollment, a_profile_that_is_none) {
    server->answer("profile", http(200, std::string{mdm::profile_content_type}, "hello"));
    attempt();
    expect_rolled_back("profile");
}

TEST_F(failing_enrollment, a_refused_profile) {
    server->answer("profile", http(403));
    attempt();
    expect_rolled_back("profile");
    EXPECT_EQ(failure->reason, "HTTP 403");
}

TEST_F(failing_enrollment, a_server_that_is_not_there) {
    static constexpr auto nowhere = [](failing_enrollment* b) -> net::task<void> {
        auto done = co_await b->subject->enroll("https://localhost:1/enroll");
        b->failure = done.error();
    };
    run(nowhere(this));
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->at, "profile");
    EXPECT_TRUE(failure->transport);
}

TEST_F(failing_enrollment, a_401_to_token_update_takes_all_back) {
    server->answer("TokenUpdate", http(401));
    attempt();
    expect_rolled_back("TokenUpdate");
}

// The model of a TokenUpdate that fails: three tries are the user's, then it goes on by itself.
TEST_F(failing_enrollment, token_update_goes_on_until_it_is_accepted) {
    for (int i = 0; i < 5; ++i) {
        server->answer("TokenUpdate", http(500));
    }
    attempt();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->at, "TokenUpdate");
    EXPECT_EQ(server->count("TokenUpdate"), 6U);
    EXPECT_EQ(states("enroll-failed")[0]->summary.flag("repeats"), true);
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

// ENR-102.
TEST_F(failing_enrollment, a_second_profile_by_hand_is_refused) {
    static constexpr auto twice = [](failing_enrollment* b) -> net::task<void> {
        co_await enroll(b);
        auto again = co_await b->subject->enroll(b->server->url("/enroll"));
        b->failure = again.error();
    };
    run(twice(this));
    EXPECT_EQ(failure->at, "profile");
    EXPECT_EQ(subject->now_in(), phase::enrolled);
    EXPECT_EQ(server->count("Authenticate"), 1U);
}

} // namespace
} // namespace pomona::sim::mac
