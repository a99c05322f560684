// Network users: UserAuthenticate at log-in, and what follows from its answer.
#include "pomona/protocol/mdm/user_authenticate.hpp"
#include "scripted_server.hpp"

#include <algorithm>
#include <ranges>

namespace pomona::sim::mac {
namespace {

constexpr auto realm = "example.org";

class network_users : public mac_bench {
  public:
    network_users() {
        users = {{.id = "USER-A", .short_name = "alice", .long_name = "Alice"},
                 {.id = "USER-N",
                  .short_name = "net1",
                  .long_name = "Net One",
                  .kind = account_kind::network,
                  .password = "secret"},
                 {.id = "USER-L",
                  .short_name = "lucy",
                  .long_name = "Lucy",
                  .kind = account_kind::local}};
        server->settings.server_capabilities = {"com.apple.mdm.per-user-connections"};
    }

    using step = std::function<void()>;
    static net::task<void> live(network_users* b, std::vector<step> steps) {
        co_await enroll(b);
        for (const auto& one : steps) {
            co_await b->sleep(1min);
            one();
        }
        co_await b->sleep(1h);
    }
    void enrolled(std::vector<step> steps) { run(live(this, std::move(steps))); }

    void say(const plist::dict& with) {
        server->answer("UserAuthenticate", http(200, std::string{mdm::xml_content_type},
                                                pomona::to_text(plist::to_xml(with))));
    }
    void challenge(const std::string& nonce) {
        say({{"DigestChallenge", mdm::write_digest_challenge({nonce, realm})}});
    }
    void grant(const std::string& token) { say({{"AuthToken", token}}); }
    step login(const std::string& who) {
        return [this, who] { EXPECT_TRUE(subject->log_in(who)); };
    }
    step logout(const std::string& who) {
        return [this, who] { EXPECT_TRUE(subject->log_out(who)); };
    }
    step wake() {
        return [this] {
            const auto& opened = *std::ranges::find_if(
                std::views::reverse(recorder->events()), [&](const trace::event& e) {
                    return e.name == "user-channel-opened" && e.user == "USER-N";
                });
            world->spawn("push", push(std::string{opened.summary.text("Token")},
                                      std::string{opened.summary.text("PushMagic")}));
        };
    }
    /// Bodies of the network user's messages, in order, with the path they went to.
    [[nodiscard]] std::vector<std::pair<std::string, plist::dict>> said() const {
        std::vector<std::pair<std::string, plist::dict>> out;
        for (const auto& r : server->log) {
            auto body = plist::parse_dict(r.request.body);
            const auto* id = body ? body->string("UserID") : nullptr;
            if (id != nullptr && *id == "USER-N") {
                out.emplace_back(r.what, *std::move(body));
            }
        }
        return out;
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const auto& [what, body] : said()) {
            out.push_back(what);
        }
        return out;
    }
};

using strings = std::vector<std::string>;

// MDM-CHK-081, MDM-CHK-071: two steps, then the token in every body, to both URLs.
TEST_F(network_users, the_token_is_in_every_later_body) {
    challenge("n1");
    grant("T1");
    enrolled(
        {login("net1"), [this] { server->queue("U1", {{"RequestType", "ProfileList"}}); }, wake()});
    ASSERT_EQ(names(), (strings{"UserAuthenticate", "UserAuthenticate", "TokenUpdate", "Idle",
                                "Acknowledged U1"}));
    const auto all = said();
    EXPECT_FALSE(all[0].second.contains("DigestResponse"));
    EXPECT_EQ(*all[0].second.string("UserShortName"), "net1");
    const auto answer = mdm::parse_digest_response(*all[1].second.string("DigestResponse"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->username, "net1");
    EXPECT_TRUE(
        mdm::is_right_digest(*answer, {"n1", realm}, mdm::digest_secret("net1", realm, "secret")));
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto* token = all[i].second.string("AuthToken");
        EXPECT_EQ(token == nullptr ? "" : *token, i < 2 ? "" : "T1") << i;
    }
    EXPECT_EQ(states("user-authenticated").size(), 1U);
}

// A token is good until the next UserAuthenticate; each log-in brings a new one.
TEST_F(network_users, each_log_in_asks_anew) {
    challenge("n1");
    grant("T1");
    challenge("n2");
    grant("T2");
    enrolled({login("net1"), logout("net1"), login("net1"), wake()});
    ASSERT_EQ(names(), (strings{"UserAuthenticate", "UserAuthenticate", "TokenUpdate",
                                "UserAuthenticate", "UserAuthenticate", "Idle"}));
    const auto all = said();
    EXPECT_FALSE(all[3].second.contains("AuthToken"));
    EXPECT_EQ(*all[5].second.string("AuthToken"), "T2");
}

// Apple, "User Authenticate": a challenge of no length ends the handshake without a token.
TEST_F(network_users, an_empty_challenge_wants_no_token) {
    say({{"DigestChallenge", ""}});
    enrolled({login("net1"), wake()});
    EXPECT_EQ(names(), (strings{"UserAuthenticate", "TokenUpdate", "Idle"}));
    for (const auto& [what, body] : said()) {
        EXPECT_FALSE(body.contains("AuthToken"));
    }
}

// MDM-CHK-080: 410, and not a word for that user until the next log-in.
TEST_F(network_users, who_is_not_managed_is_silent_until_the_next_log_in) {
    server->answer("UserAuthenticate", http(410));
    challenge("n1");
    grant("T1");
    const auto before = [this] { EXPECT_EQ(names(), strings{"UserAuthenticate"}); };
    enrolled({login("net1"), login("alice"), login("net1"), before, logout("net1"), login("net1")});
    EXPECT_EQ(names(),
              (strings{"UserAuthenticate", "UserAuthenticate", "UserAuthenticate", "TokenUpdate"}));
    EXPECT_EQ(states("user-declined").size(), 1U);
    EXPECT_EQ(states("user-declined").front()->summary.text("reason"), "410");
}

// Apple, "User Authenticate": an empty AuthToken says that the password is wrong.
TEST_F(network_users, a_wrong_password_opens_no_channel) {
    challenge("n1");
    grant("");
    enrolled({login("net1")});
    EXPECT_EQ(names(), (strings{"UserAuthenticate", "UserAuthenticate"}));
    EXPECT_EQ(states("user-declined").front()->summary.text("reason"), "the password is wrong");
}

// Choice: a server in trouble is asked again while the user is logged in.
TEST_F(network_users, a_server_in_trouble_is_asked_again) {
    server->answer("UserAuthenticate", http(500));
    challenge("n1");
    server->answer("UserAuthenticate", lost());
    challenge("n2");
    grant("T1");
    enrolled({login("net1")});
    EXPECT_EQ(names().size(), 6U);
    EXPECT_EQ(names().back(), "TokenUpdate");
}

// MDM-CHK-065: 401 is what it is everywhere.
TEST_F(network_users, a_401_ends_the_enrollment) {
    server->answer("UserAuthenticate", http(401));
    enrolled({login("net1")});
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

// Apple's protocol reference: other local users never connect.
TEST_F(network_users, a_local_user_is_never_heard_of) {
    enrolled({login("lucy"), logout("lucy")});
    for (const auto& r : server->log) {
        const auto body = plist::parse_dict(r.request.body);
        EXPECT_FALSE(body && body->string("UserID") && *body->string("UserID") == "USER-L");
    }
}

TEST(account, is_saved_with_its_kind_and_password) {
    const account carol{.id = "G",
                        .short_name = "carol",
                        .long_name = "Carol",
                        .kind = account_kind::network,
                        .password = "pw"};
    const auto back = account::load(carol.save()).value();
    EXPECT_EQ(back.save(), carol.save());
    EXPECT_EQ(back.kind, account_kind::network);
    EXPECT_FALSE(account::load({{"id", "G"}, {"short_name", "x"}, {"kind", "other"}}));
    EXPECT_FALSE(account::load({}));
}

// A second enrollment begins with a log-in at the server again.
TEST_F(network_users, who_is_logged_in_at_an_enrollment_is_asked_for) {
    users.front().kind = account_kind::network;
    users.front().id = "USER-N";
    users.front().password = "other";
    users.erase(users.begin() + 1);
    challenge("n1");
    grant("T1");
    enrolled({});
    EXPECT_EQ(names(), (strings{"UserAuthenticate", "UserAuthenticate", "TokenUpdate"}));
}

} // namespace
} // namespace pomona::sim::mac
