// The command loop as the server sees it.
#include "pomona/protocol/crypto/cms.hpp"
#include "scripted_server.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

plist::dict device_information() {
    return {{"RequestType", "DeviceInformation"}, {"Queries", plist::array{"SerialNumber"}}};
}

class command_loop : public mac_bench {
  public:
    /// Enrolls, lets `prepare` script the server, pushes once and watches for a day.
    static net::task<void> pushed(command_loop* b, std::function<void()> prepare) {
        co_await enroll(b);
        b->before = b->server->log.size();
        prepare();
        co_await b->push();
        co_await b->sleep(24h);
    }
    void after_a_push(std::function<void()> prepare) { run(pushed(this, std::move(prepare))); }
    [[nodiscard]] strings since() const { return server->names(before); }
    std::size_t before = 0;
};

// MDM-CHK-061, MDM-CHK-063.
TEST_F(command_loop, an_empty_answer_ends_the_session) {
    after_a_push([] {});
    EXPECT_EQ(since(), strings{"Idle"});
    ASSERT_EQ(states("session-ended").size(), 1U);
    EXPECT_EQ(states("push-received").size(), 1U);
}

TEST_F(command_loop, commands_until_there_are_no_more_on_one_connection) {
    after_a_push([this] {
        server->queue("U1", device_information());
        server->queue("U2", {{"RequestType", "NoSuch"}});
    });
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "Error U2"}));
    const auto& idle = server->last("Idle").request;
    EXPECT_EQ(net::find_header(idle.headers, "Content-Type"), mdm::command_content_type);
    EXPECT_EQ(idle.target, "/mdm");
    std::map<std::string, int> connections;
    for (const auto& e : recorder->events()) {
        if (e.channel == "mdm" && e.kind == trace::kind::request && e.actor == "mac-0001") {
            ++connections[e.exchange.substr(0, e.exchange.find_last_of("#.:/-"))];
        }
    }
    EXPECT_EQ(connections.size(), 1U);
}

// MDM-CHK-069 for the loop.
TEST_F(command_loop, every_message_is_signed) {
    after_a_push([this] { server->queue("U1", device_information()); });
    for (auto i = before; i < server->log.size(); ++i) {
        const auto& r = server->log[i].request;
        const auto header = net::find_header(r.headers, mdm::signature_header);
        ASSERT_TRUE(header);
        EXPECT_TRUE(crypto::verify_detached(world->crypto(), *from_base64(*header), r.body));
    }
}

// The cause of each message is the one before it, back to the push.
TEST_F(command_loop, causes_lead_back_to_the_push) {
    after_a_push([this] { server->queue("U1", device_information()); });
    const auto& events = recorder->events();
    const auto report = std::ranges::find_if(events, [](const trace::event& e) {
        return e.actor == "mac-0001" && e.kind == trace::kind::request &&
               e.summary.text("Status") == "Acknowledged";
    });
    ASSERT_NE(report, events.end());
    const auto& command = event(report->cause);
    EXPECT_EQ(command.kind, trace::kind::response);
    EXPECT_EQ(command.summary.text("CommandUUID"), "U1");
    const auto& idle = event(command.cause);
    EXPECT_EQ(idle.summary.text("Status"), "Idle");
    EXPECT_EQ(event(idle.cause).kind, trace::kind::message);
    EXPECT_EQ(states("push-received")[0]->cause, idle.cause);
}

// MDM-CHK-064: the same bytes until they are accepted, with growing delays.
TEST_F(command_loop, a_result_is_sent_again_until_it_is_accepted) {
    after_a_push([this] {
        server->queue("U1", device_information());
        for (int i = 0; i < 8; ++i) {
            server->answer("Acknowledged U1", http(i % 2 == 0 ? 500 : 400));
        }
    });
    EXPECT_EQ(server->count("Acknowledged U1"), 9U);
    EXPECT_EQ(server->count("Idle"), 1U);
    std::vector<seen_request> reports;
    std::ranges::copy_if(server->log, std::back_inserter(reports),
                         [](const auto& r) { return r.what == "Acknowledged U1"; });
    for (const auto& r : reports) {
        EXPECT_EQ(r.request.body, reports.front().request.body);
    }
    EXPECT_LT(reports[1].at - reports[0].at, 2s);
    EXPECT_GE(reports[8].at - reports[7].at, 60s);
    EXPECT_LT(reports[8].at - reports[7].at, 61s);
}

TEST_F(command_loop, a_result_whose_answer_is_lost_is_sent_again) {
    after_a_push([this] {
        server->queue("U1", device_information());
        server->answer("Acknowledged U1", lost());
    });
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "Acknowledged U1"}));
}

TEST_F(command_loop, any_2xx_takes_a_result) {
    after_a_push([this] {
        server->queue("U1", device_information());
        server->answer("Acknowledged U1", http(204));
    });
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1"}));
}

TEST_F(command_loop, an_idle_that_is_lost_is_sent_again_a_few_times) {
    after_a_push([this] {
        for (int i = 0; i < 5; ++i) {
            server->answer("Idle", lost());
        }
    });
    EXPECT_EQ(since(), (strings{"Idle", "Idle", "Idle"}));
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

// ENR-106: a 500 costs the session, not the enrollment.
TEST_F(command_loop, a_refused_idle_waits_for_the_next_push) {
    static constexpr auto twice = [](command_loop* b) -> net::task<void> {
        co_await pushed(b, [b] { b->server->answer("Idle", http(500)); });
        EXPECT_EQ(b->since(), strings{"Idle"});
        co_await b->push();
        co_await b->sleep(1h);
    };
    run(twice(this));
    EXPECT_EQ(since(), (strings{"Idle", "Idle"}));
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

// MDM-CHK-070.
TEST_F(command_loop, a_push_with_a_wrong_magic_is_ignored) {
    static constexpr auto wrong = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        b->before = b->server->log.size();
        co_await b->push("another");
        co_await b->sleep(1h);
    };
    run(wrong(this));
    EXPECT_EQ(since(), strings{});
    ASSERT_EQ(states("push-ignored").size(), 1U);
    EXPECT_NE(states("push-ignored")[0]->cause, 0U);
    EXPECT_TRUE(states("push-received").empty());
}

// APNS-063.
TEST_F(command_loop, the_magic_of_an_earlier_enrollment_is_dead) {
    static constexpr auto again = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        const std::string old{b->states("enrolled").at(0)->summary.text("PushMagic")};
        co_await b->subject->remove_enrollment_profile();
        co_await enroll(b);
        b->before = b->server->log.size();
        co_await b->push(old);
        co_await b->sleep(1h);
        EXPECT_EQ(b->since(), strings{});
        co_await b->push();
        co_await b->sleep(1h);
    };
    run(again(this));
    EXPECT_EQ(since(), strings{"Idle"});
    EXPECT_EQ(states("push-ignored").size(), 1U);
}

// MDM-CHK-079.
TEST_F(command_loop, a_redirect_is_followed_for_its_transaction_only) {
    after_a_push([this] {
        server->queue("U1", device_information());
        auto moved = http(301);
        moved.headers.push_back({"Location", server->url("/mdm?moved")});
        server->answer("Idle", std::move(moved));
    });
    EXPECT_EQ(since(), (strings{"Idle", "Idle", "Acknowledged U1"}));
    EXPECT_EQ(server->log[before].request.target, "/mdm");
    EXPECT_EQ(server->log[before + 1].request.target, "/mdm?moved");
    EXPECT_EQ(server->log[before + 1].request.method, "PUT");
    EXPECT_EQ(server->log[before + 2].request.target, "/mdm");
}

TEST_F(command_loop, endless_redirects_end) {
    after_a_push([this] {
        for (int i = 0; i < 50; ++i) {
            auto moved = http(302);
            moved.headers.push_back({"Location", "/mdm"});
            server->answer("Idle", std::move(moved));
        }
    });
    EXPECT_EQ(server->count("Idle"), 6U);
}

// APNS-062: one session at a time; what came meanwhile is one more.
TEST_F(command_loop, pushes_during_a_session_are_one_more_session) {
    static constexpr auto many = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        b->server->command_delay = 30s;
        b->before = b->server->log.size();
        for (int i = 0; i < 4; ++i) {
            co_await b->push();
            co_await b->sleep(5s);
        }
        co_await b->sleep(1h);
    };
    run(many(this));
    EXPECT_EQ(since(), (strings{"Idle", "Idle"}));
    const auto ended = states("session-ended");
    const auto started = states("session-started");
    ASSERT_EQ(started.size(), 2U);
    EXPECT_LT(ended[0]->number, started[1]->number);
}

// MDM-CHK-067.
TEST_F(command_loop, polls_by_itself_after_not_now_and_only_then) {
    static constexpr auto napping = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        b->subject->set({.power = power_mode::power_nap});
        b->before = b->server->log.size();
        b->server->queue("U1", device_information());
        co_await b->push();
        co_await b->sleep(1h);
        EXPECT_EQ(b->since(), (strings{"Idle", "NotNow U1"}));
        b->subject->set({.power = power_mode::awake});
        co_await b->sleep(1h);
        EXPECT_EQ(b->since(), (strings{"Idle", "NotNow U1", "Idle"}));
        // A later status that is not NotNow: it waits for a push.
        b->subject->set({.power = power_mode::power_nap});
        b->before = b->server->log.size();
        b->server->queue("U2", device_information());
        b->server->queue("U3", {{"RequestType", "DeviceLock"}});
        co_await b->push();
        co_await b->sleep(1h);
        b->subject->set({.power = power_mode::awake});
        co_await b->sleep(1h);
    };
    run(napping(this));
    EXPECT_EQ(since(), (strings{"Idle", "NotNow U2", "Error U3"}));
}

// MDM-CHK-067: the condition may end between the NotNow and the answer to it.
TEST_F(command_loop, polls_when_it_woke_before_the_session_was_over) {
    static constexpr auto waking = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        b->subject->set({.power = power_mode::power_nap});
        b->before = b->server->log.size();
        b->server->queue("U1", device_information());
        co_await b->push();
        while (b->since() != strings{"Idle", "NotNow U1"}) {
            co_await b->sleep(std::chrono::microseconds{50});
        }
        b->subject->set({.power = power_mode::awake});
        co_await b->sleep(1h);
    };
    run(waking(this));
    EXPECT_EQ(since(), (strings{"Idle", "NotNow U1", "Idle"}));
}

TEST_F(command_loop, offline_it_does_nothing_and_acts_on_the_kept_push_later) {
    static constexpr auto away = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        b->before = b->server->log.size();
        b->subject->set({.online = false});
        co_await b->sleep(5s);
        co_await b->push();
        co_await b->push();
        co_await b->sleep(1h);
        EXPECT_EQ(b->since(), strings{});
        b->subject->set({.online = true});
        co_await b->sleep(1h);
    };
    run(away(this));
    EXPECT_EQ(since(), strings{"Idle"});
    EXPECT_EQ(states("condition").size(), 2U);
}

TEST_F(command_loop, installs_and_removes_profiles) {
    after_a_push([this] {
        server->queue(
            "U1", {{"RequestType", "InstallProfile"}, {"Payload", profile::write(wifi_profile())}});
        server->queue("U2", {{"RequestType", "ProfileList"}});
        server->queue("U3", {{"RequestType", "RemoveProfile"}, {"Identifier", "org.example.wifi"}});
        server->queue("U4", {{"RequestType", "RemoveProfile"}, {"Identifier", "org.example.wifi"}});
    });
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "Acknowledged U2", "Acknowledged U3",
                                "Error U4"}));
    const auto list = mdm::parse_report(server->last("Acknowledged U2").request.body).value();
    EXPECT_EQ(list.result.list("ProfileList")->size(), 2U);
    EXPECT_EQ(states("profile-installed").size(), 1U);
    EXPECT_EQ(states("profile-removed").size(), 1U);
}

// Observed (F10): an update of the enrollment profile is a new identity and a new check-in.
TEST_F(command_loop, an_update_of_the_enrollment_profile_renews_the_identity) {
    after_a_push([this] {
        server->queue("U1", {{"RequestType", "InstallProfile"},
                             {"Payload", profile::write(server->enrollment_profile())}});
    });
    EXPECT_EQ(since(), (strings{"Idle", "GetCACert", "GetCACaps", "PKIOperation", "Authenticate",
                                "TokenUpdate", "Acknowledged U1"}));
    ASSERT_EQ(server->issued.size(), 2U);
    EXPECT_EQ(server->last("Acknowledged U1").client_certificate,
              to_hex(server->issued[1].sha256()));
}

TEST_F(command_loop, a_renewal_that_fails_leaves_the_enrollment_as_it_was) {
    after_a_push([this] {
        server->queue("U1", {{"RequestType", "InstallProfile"},
                             {"Payload", profile::write(server->enrollment_profile())}});
        server->answer("PKIOperation", http(500));
    });
    EXPECT_EQ(since().back(), "Error U1");
    EXPECT_EQ(server->last("Error U1").client_certificate, to_hex(server->issued[0].sha256()));
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

/// Connections of the Mac's requests with its identity, in order.
strings identity_connections(const trace::recorder& r) {
    strings out;
    for (const auto& e : r.events()) {
        if (e.actor != "mac-0001" || e.kind != trace::kind::request ||
            (e.channel != "mdm" && e.channel != "checkin")) {
            continue;
        }
        auto id = e.exchange.substr(0, e.exchange.rfind('/'));
        if (out.empty() || out.back() != id) {
            out.push_back(std::move(id));
        }
    }
    return out;
}

TEST_F(command_loop, a_connection_is_kept_between_sessions_for_a_while) {
    static constexpr auto twice = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        co_await b->push();
        co_await b->sleep(5s);
        co_await b->push();
        co_await b->sleep(5s);
        EXPECT_EQ(identity_connections(*b->recorder).size(), 1U);
        co_await b->sleep(1min);
        co_await b->push();
        co_await b->sleep(5s);
        EXPECT_EQ(identity_connections(*b->recorder).size(), 2U);
    };
    run(twice(this));
    EXPECT_EQ(server->count("Idle"), 3U);
}

// The result is the same, and the server sees it once: nothing of it was taken before.
TEST_F(command_loop, a_server_that_restarts_in_mid_session_gets_the_result_over_a_new_connection) {
    static constexpr auto restarting = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        b->before = b->server->log.size();
        b->server->command_delay = 10s;
        b->server->queue("U1", device_information());
        b->server->queue("U2", {{"RequestType", "DeviceLock"}});
        co_await b->push();
        co_await b->sleep(15s); // the answer to U1's result is being made
        EXPECT_EQ(b->since(), (strings{"Idle", "Acknowledged U1"}));
        co_await b->server->restart();
        co_await b->sleep(1h);
    };
    run(restarting(this));
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "Error U2"}));
    EXPECT_EQ(identity_connections(*recorder).size(), 2U);
}

TEST_F(command_loop, an_answer_lost_by_a_crash_brings_the_same_result_again) {
    static constexpr auto crashing = [](command_loop* b) -> net::task<void> {
        co_await enroll(b);
        b->before = b->server->log.size();
        b->server->command_delay = 10s;
        b->server->queue("U1", device_information());
        co_await b->push();
        co_await b->sleep(15s);
        b->server->crash();
        co_await b->sleep(1h);
    };
    run(crashing(this));
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "Acknowledged U1"}));
    const auto& log = server->log;
    EXPECT_EQ(log[before + 1].request.body, log[before + 2].request.body);
}

TEST_F(command_loop, an_answer_that_is_no_command_ends_the_session) {
    after_a_push([this] {
        server->answer("Idle", http(200, std::string{mdm::xml_content_type}, "<plist>junk"));
    });
    EXPECT_EQ(since(), strings{"Idle"});
    EXPECT_EQ(states("session-ended")[0]->summary.text("reason"), "the answer is no command");
}

} // namespace
} // namespace pomona::sim::mac
