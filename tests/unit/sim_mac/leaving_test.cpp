// How enrollments end.
#include "scripted_server.hpp"

#include <functional>

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

constexpr auto* unrecognized_json = R"({"code":"com.apple.unrecognized.device"})";
constexpr auto* unrecognized_plist =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict><key>code</key>"
    "<string>com.apple.unrecognized.device</string></dict></plist>";

class departure_test : public mac_bench {
  public:
    /// Enrolls, pushes, waits; pushes once more: a Mac that has left stays silent.
    static net::task<void> pushed(departure_test* b, std::function<void()> prepare) {
        co_await enroll(b);
        b->before = b->server->log.size();
        prepare();
        co_await b->push();
        co_await b->sleep(24h);
    }
    void after_a_push(std::function<void()> prepare) { run(pushed(this, std::move(prepare))); }
    static net::task<void> removed(departure_test* b) {
        co_await enroll(b);
        b->before = b->server->log.size();
        co_await b->subject->remove_enrollment_profile();
        co_await b->sleep(24h);
    }
    [[nodiscard]] strings since() const { return server->names(before); }
    void expect_unenrolled(std::string_view reason) {
        EXPECT_EQ(subject->now_in(), phase::unenrolled);
        ASSERT_EQ(states("unenrolled").size(), 1U);
        EXPECT_EQ(states("unenrolled")[0]->summary.text("reason"), reason);
    }
    std::size_t before = 0;
};

// MDM-CHK-065, ENR-106.
TEST_F(departure_test, a_401_ends_the_enrollment_silently) {
    after_a_push([this] { server->answer("Idle", http(401)); });
    EXPECT_EQ(since(), strings{"Idle"});
    expect_unenrolled("401");
}

TEST_F(departure_test, a_401_to_a_result_too) {
    after_a_push([this] {
        server->queue("U1", {{"RequestType", "SecurityInfo"}});
        server->answer("Acknowledged U1", http(401));
    });
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1"}));
    expect_unenrolled("401");
}

// MDM-CHK-066.
TEST_F(departure_test, an_unrecognized_device_in_json) {
    after_a_push(
        [this] { server->answer("Idle", http(403, "application/json", unrecognized_json)); });
    expect_unenrolled("com.apple.unrecognized.device");
}

TEST_F(departure_test, an_unrecognized_device_in_a_plist) {
    after_a_push(
        [this] { server->answer("Idle", http(403, "application/xml", unrecognized_plist)); });
    EXPECT_EQ(since(), strings{"Idle"});
    expect_unenrolled("com.apple.unrecognized.device");
}

// MDM-CHK-052: the content type has to say which form it is; other codes and a bare 403 mean
// nothing.
TEST_F(departure_test, other_403_answers_do_not_end_it) {
    const std::vector<net::response> harmless{
        http(403), http(403, "text/plain", unrecognized_json),
        http(403, "application/json", R"({"code":"com.apple.softwareupdate.required"})"),
        http(403, "application/json", "{broken"), http(400, "application/json", unrecognized_json)};
    for (const auto& answer : harmless) {
        server->answer("Acknowledged U1", answer);
    }
    after_a_push([this] { server->queue("U1", {{"RequestType", "SecurityInfo"}}); });
    EXPECT_EQ(server->count("Acknowledged U1"), 6U);
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

// MDM-CHK-073, ENR-105.
TEST_F(departure_test, check_out_once_if_the_profile_says_so) {
    server->answer("CheckOut", http(500));
    run(removed(this));
    EXPECT_EQ(since(), strings{"CheckOut"});
    expect_unenrolled("removed by the user");
}

TEST_F(departure_test, no_check_out_if_the_profile_does_not) {
    server->settings.check_out_when_removed = false;
    run(removed(this));
    EXPECT_EQ(since(), strings{});
    expect_unenrolled("removed by the user");
}

TEST_F(departure_test, a_lost_check_out_is_not_repeated) {
    server->answer("CheckOut", lost());
    run(removed(this));
    EXPECT_EQ(since(), strings{"CheckOut"});
    expect_unenrolled("removed by the user");
}

// MDM-CHK-084: without right 2; acknowledged first.
TEST_F(departure_test, remove_profile_of_the_enrollment) {
    server->settings.access_rights = 1;
    after_a_push([this] {
        server->queue("U1",
                      {{"RequestType", "RemoveProfile"}, {"Identifier", "org.example.enroll"}});
        server->queue("U2", {{"RequestType", "ProfileList"}});
    });
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "CheckOut"}));
    expect_unenrolled("RemoveProfile");
}

TEST_F(departure_test, the_user_may_remove_it_while_a_session_waits) {
    static constexpr auto cut = [](departure_test* b) -> net::task<void> {
        co_await enroll(b);
        b->server->queue("U1", {{"RequestType", "SecurityInfo"}});
        for (int i = 0; i < 50; ++i) {
            b->server->answer("Acknowledged U1", http(500));
        }
        co_await b->push();
        co_await b->sleep(10min);
        co_await b->subject->remove_enrollment_profile();
        b->before = b->server->log.size();
        co_await b->sleep(1h);
        EXPECT_EQ(b->since(), strings{});
        co_await enroll(b);
        b->before = b->server->log.size();
        co_await b->push();
        co_await b->sleep(1h);
    };
    run(cut(this));
    EXPECT_EQ(since(), strings{"Idle"}) << "and a new enrollment is a new beginning";
}

} // namespace
} // namespace pomona::sim::mac
