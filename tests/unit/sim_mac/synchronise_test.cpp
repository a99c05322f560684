// Declarative management over the wire.
#include "pomona/protocol/ddm/messages.hpp"
#include "scripted_server.hpp"

#include <nlohmann/json.hpp>

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

class synchronising : public mac_bench {
  public:
    static std::string tokens() {
        return pomona::to_text(
            ddm::write_tokens({.declarations_token = "v1", .timestamp = "2026-01-05T09:00:00Z"}));
    }
    void script_declarations() {
        ddm::manifest m;
        m.configurations = {{"C1", "1"}};
        m.declarations_token = "v1";
        const auto json = std::string{mdm::json_content_type};
        server->answer("tokens", http(200, json, tokens()));
        server->answer("declaration-items",
                       http(200, json, pomona::to_text(ddm::write_manifest(m))));
        server->answer("declaration/configuration/C1",
                       http(200, json,
                            pomona::to_text(ddm::write_declaration(
                                {.type = "com.apple.configuration.management.test",
                                 .identifier = "C1",
                                 .server_token = "1",
                                 .payload = R"({"Echo":"hi"})"}))));
        server->answer("tokens", http(200, json, tokens()));
    }
    static net::task<void> pushed(synchronising* b) {
        co_await enroll(b);
        b->before = b->server->log.size();
        b->script_declarations();
        b->server->queue("U1", {{"RequestType", "DeclarativeManagement"}});
        co_await b->push();
        co_await b->sleep(1h);
    }
    [[nodiscard]] strings since() const { return server->names(before); }
    std::size_t before = 0;
};

// DDM-034, DDM-035; observed (F1): acknowledged first.
TEST_F(synchronising, after_the_command_was_acknowledged) {
    run(pushed(this));
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "tokens", "declaration-items",
                                "declaration/configuration/C1", "tokens", "status"}));
    const auto& status = server->last("status").request;
    EXPECT_EQ(status.target, "/checkin");
    EXPECT_EQ(net::find_header(status.headers, "Content-Type"), mdm::checkin_content_type);
    EXPECT_TRUE(net::find_header(status.headers, mdm::signature_header));
    const auto message = mdm::parse_checkin(status.body).value();
    EXPECT_EQ(message.from.device, subject->machine().device);
    const auto& data = std::get<mdm::declarative_management>(message.body).data;
    ASSERT_TRUE(data);
    const auto report = nlohmann::json::parse(data->begin(), data->end());
    EXPECT_TRUE(report["StatusItems"]["management"].contains("declarations")); // DDM-041
    ASSERT_EQ(states("ddm-synchronized").size(), 1U);
    EXPECT_EQ(states("ddm-synchronized")[0]->summary.text("DeclarationsToken"), "v1");
}

// DDM-036 over the wire, with Data.
TEST_F(synchronising, an_equal_token_in_the_command_asks_nothing) {
    static constexpr auto twice = [](synchronising* b) -> net::task<void> {
        co_await pushed(b);
        b->before = b->server->log.size();
        b->server->queue("U2",
                         {{"RequestType", "DeclarativeManagement"}, {"Data", to_bytes(tokens())}});
        co_await b->push();
        co_await b->sleep(1h);
    };
    run(twice(this));
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U2"}));
}

// DDM-058.
TEST_F(synchronising, unenrolling_forgets_all_of_it) {
    static constexpr auto again = [](synchronising* b) -> net::task<void> {
        co_await pushed(b);
        co_await b->subject->remove_enrollment_profile();
        co_await pushed(b);
    };
    run(again(this));
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "tokens", "declaration-items",
                                "declaration/configuration/C1", "tokens", "status"}));
}

TEST_F(synchronising, a_401_to_it_ends_the_enrollment) {
    server->answer("tokens", http(401));
    run(pushed(this));
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "tokens"}));
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

TEST_F(synchronising, a_failing_server_is_told_apart) {
    server->answer("tokens", http(503));
    run(pushed(this));
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "tokens"}));
    EXPECT_EQ(states("ddm-failed").size(), 1U);
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

} // namespace
} // namespace pomona::sim::mac
