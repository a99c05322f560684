// Users of a Mac and their channels, as the server sees them.
#include "scripted_server.hpp"

#include <algorithm>
#include <ranges>
#include <set>

namespace pomona::sim::mac {
namespace {

class user_channels : public mac_bench {
  public:
    user_channels() {
        users = {{.id = "USER-A", .short_name = "alice", .long_name = "Alice"},
                 {.id = "USER-B", .short_name = "bob", .long_name = "Bob"}};
        server->settings.server_capabilities = {"com.apple.mdm.per-user-connections"};
    }

    using step = std::function<void()>;
    /// Enrolls, then does one step after the other, a minute apart, and watches for an hour.
    static net::task<void> live(user_channels* b, std::vector<step> steps) {
        co_await enroll(b);
        for (const auto& one : steps) {
            co_await b->sleep(1min);
            one();
        }
        co_await b->sleep(1h);
    }
    void enrolled(std::vector<step> steps) { run(live(this, std::move(steps))); }

    /// Messages of one channel; "" is the device's.
    [[nodiscard]] std::vector<std::string> of(const std::string& user) const {
        std::vector<std::string> out;
        for (const auto& r : server->log) {
            if (is_mdm(r) && plist_text(r, "UserID") == user) {
                out.push_back(r.what);
            }
        }
        return out;
    }
    [[nodiscard]] std::vector<plist::dict> bodies(const std::string& what) const {
        std::vector<plist::dict> out;
        for (const auto& r : server->log) {
            if (r.what == what) {
                out.push_back(plist::parse_dict(r.request.body).value());
            }
        }
        return out;
    }
    void push_to(const std::string& user) {
        const auto& opened = *std::ranges::find_if(
            std::views::reverse(recorder->events()), [&](const trace::event& e) {
                return e.name == "user-channel-opened" && e.user == user;
            });
        world->spawn("push", push(std::string{opened.summary.text("Token")},
                                  std::string{opened.summary.text("PushMagic")}));
    }

  private:
    static bool is_mdm(const seen_request& r) {
        return r.request.target == "/mdm" || r.request.target == "/checkin";
    }
    static std::string plist_text(const seen_request& r, std::string_view key) {
        const auto d = plist::parse_dict(r.request.body).value();
        const auto* text = d.string(key);
        return text == nullptr ? std::string{} : *text;
    }
};

using strings = std::vector<std::string>;

// MDM-CHK-071, APNS-064: after the device's TokenUpdate that of the user at the screen.
TEST_F(user_channels, the_user_who_enrolls_follows_the_device) {
    enrolled({});
    EXPECT_EQ(of(""), (strings{"Authenticate", "TokenUpdate"}));
    EXPECT_EQ(of("USER-A"), strings{"TokenUpdate"});
    EXPECT_TRUE(of("USER-B").empty()); // not logged in
    const auto said = bodies("TokenUpdate");
    ASSERT_EQ(said.size(), 2U);
    EXPECT_FALSE(said[0].contains("NotOnConsole"));
    EXPECT_EQ(*said[1].string("UserShortName"), "alice");
    EXPECT_EQ(*said[1].string("UserLongName"), "Alice");
    EXPECT_FALSE(*said[1].boolean("NotOnConsole"));
    EXPECT_EQ(*said[0].string("Topic"), *said[1].string("Topic"));
    EXPECT_NE(*said[0].data("Token"), *said[1].data("Token"));
    EXPECT_NE(*said[0].string("PushMagic"), *said[1].string("PushMagic"));
}

// Schema com.apple.mdm: without the capability users do not connect.
TEST_F(user_channels, none_without_per_user_connections) {
    server->settings.server_capabilities.clear();
    enrolled({[this] { subject->log_in("bob"); }});
    EXPECT_TRUE(of("USER-A").empty());
    EXPECT_TRUE(of("USER-B").empty());
}

// APNS-064: a push wakes its own channel. NotOnConsole: bob has come to the front.
TEST_F(user_channels, a_push_wakes_its_channel_alone) {
    enrolled({[this] { subject->log_in("bob"); },
              [this] {
                  server->queue("U1", {{"RequestType", "ProfileList"}});
                  push_to("USER-A");
              }});
    EXPECT_EQ(of("USER-A"), (strings{"TokenUpdate", "Idle", "Acknowledged U1"}));
    EXPECT_EQ(of("USER-B"), strings{"TokenUpdate"});
    EXPECT_EQ(of(""), (strings{"Authenticate", "TokenUpdate"}));
    const auto answer = bodies("Acknowledged U1").at(0);
    EXPECT_TRUE(*answer.boolean("NotOnConsole"));
    EXPECT_EQ(*answer.string("UserID"), "USER-A");
    EXPECT_TRUE(answer.list("ProfileList")->empty()); // the enrollment profile is the device's
    EXPECT_TRUE(*bodies("Idle").at(0).boolean("NotOnConsole"));
}

// MDM-CHK-078: each kind of command on its channel.
TEST_F(user_channels, a_command_of_the_device_channel_is_an_error) {
    enrolled({[this] {
        server->queue("U1", {{"RequestType", "UserList"}});
        server->queue("U2", {{"RequestType", "SecurityInfo"}});
        server->queue("U3", {{"RequestType", "DeviceInformation"},
                             {"Queries", plist::array{"UDID", "ActiveManagedUsers", "EACSPreflight",
                                                      "PushToken"}}});
        push_to("USER-A");
    }});
    EXPECT_EQ(of("USER-A"),
              (strings{"TokenUpdate", "Idle", "Error U1", "Acknowledged U2", "Acknowledged U3"}));
    EXPECT_EQ(bodies("Acknowledged U2").at(0).dictionary("SecurityInfo")->size(), 1U);
    const auto report = bodies("Acknowledged U3").at(0);
    const auto& answers = *report.dictionary("QueryResponses");
    EXPECT_TRUE(answers.contains("UDID"));
    EXPECT_FALSE(answers.contains("ActiveManagedUsers"));
    EXPECT_FALSE(answers.contains("EACSPreflight"));
    EXPECT_EQ(*answers.data("PushToken"), *bodies("TokenUpdate").at(1).data("Token"));
}

// Apple, "Handling a NotNow status"; MDM-CHK-067: then it polls by itself.
TEST_F(user_channels, a_locked_keychain_holds_profiles_up) {
    const auto profile = profile::write(profile_of("org.example.one", {}));
    const plist::dict install{{"RequestType", "InstallProfile"}, {"Payload", profile}};
    enrolled({[&] {
                  subject->lock_keychain("alice", true);
                  server->queue("U1", install);
                  push_to("USER-A");
              },
              [&] {
                  server->queue("U1", install);
                  server->queue("U2", {{"RequestType", "ProfileList"}});
                  subject->lock_keychain("alice", false);
              }});
    EXPECT_EQ(of("USER-A"), (strings{"TokenUpdate", "Idle", "NotNow U1", "Idle", "Acknowledged U1",
                                     "Acknowledged U2"}));
    EXPECT_EQ(bodies("Acknowledged U2").at(0).list("ProfileList")->size(), 1U);
}

// Observed (F16): the channel is there only while its user is logged in.
TEST_F(user_channels, logged_out_it_rests_and_the_push_waits) {
    std::size_t quiet = 0;
    enrolled({[this] { subject->log_out("alice"); }, [this] { push_to("USER-A"); },
              [&] {
                  quiet = of("USER-A").size();
                  subject->log_in("alice");
              }});
    EXPECT_EQ(quiet, 1U);
    EXPECT_EQ(of("USER-A"), (strings{"TokenUpdate", "Idle"})); // nothing changed: no second one
    EXPECT_TRUE(subject->user("alice")->on_console);
}

TEST_F(user_channels, a_refused_TokenUpdate_is_repeated) {
    enrolled({[this] {
        server->answer("TokenUpdate", http(500));
        server->answer("TokenUpdate", http(503));
        subject->log_in("bob");
    }});
    EXPECT_EQ(of("USER-B"), (strings{"TokenUpdate", "TokenUpdate", "TokenUpdate"}));
    EXPECT_TRUE(subject->user("bob")->is_open);
    EXPECT_EQ(of("USER-A"), strings{"TokenUpdate"});
}

// MDM-CHK-065 and MDM-CHK-073 with users: one end for all of the Mac.
TEST_F(user_channels, end_with_the_enrollment) {
    enrolled({[this] { subject->log_in("bob"); },
              [this] { world->spawn("removal", subject->remove_enrollment_profile()); }});
    EXPECT_EQ(of(""), (strings{"Authenticate", "TokenUpdate", "CheckOut"}));
    EXPECT_EQ(of("USER-A"), strings{"TokenUpdate"});
    EXPECT_FALSE(subject->user("alice")->is_open);
    EXPECT_TRUE(subject->user("bob")->token.empty());
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

TEST_F(user_channels, a_401_on_a_users_channel_ends_the_enrollment) {
    enrolled({[this] {
        server->answer("Idle", http(401));
        push_to("USER-A");
    }});
    EXPECT_EQ(of("USER-A"), (strings{"TokenUpdate", "Idle"}));
    EXPECT_EQ(states("unenrolled").size(), 1U);
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

// DDM-057: each channel is switched on, synchronised and reported by itself.
TEST_F(user_channels, declarations_are_synchronised_per_channel) {
    enrolled({[this] {
        const std::string tokens =
            R"({"SyncTokens":{"DeclarationsToken":"T1","Timestamp":"2026-01-02T03:04:05Z"}})";
        const std::string items =
            R"({"Declarations":{"Activations":[],"Configurations":[],"Assets":[],"Management":[]},)"
            R"("DeclarationsToken":"T1"})";
        for (int i = 0; i < 2; ++i) {
            server->answer("tokens", http(200, "application/json", tokens));
        }
        server->answer("declaration-items", http(200, "application/json", items));
        server->queue("U1", {{"RequestType", "DeclarativeManagement"}});
        push_to("USER-A");
    }});
    const auto mine = of("USER-A");
    EXPECT_EQ(std::ranges::count(mine, "tokens"), 2);
    EXPECT_EQ(std::ranges::count(mine, "status"), 1);
    const auto device = of("");
    EXPECT_EQ(std::ranges::count(device, "status"), 0);
    EXPECT_EQ(*bodies("status").at(0).string("UserLongName"), "Alice");
}

// The trace says whose each message and state is, answers included.
TEST_F(user_channels, events_name_their_user) {
    enrolled({[this] { push_to("USER-A"); }});
    std::set<trace::kind> kinds;
    for (const auto& e : recorder->events()) {
        if (e.user == "USER-A" && e.actor == "mac-0001") {
            kinds.insert(e.kind);
        }
    }
    EXPECT_EQ(kinds, (std::set{trace::kind::request, trace::kind::response, trace::kind::state}));
}

} // namespace
} // namespace pomona::sim::mac
