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
    // And by itself it comes again, a few minutes later.
    EXPECT_EQ(since(), (strings{"Idle", "Acknowledged U1", "tokens", "tokens", "declaration-items",
                                "declaration/configuration/C1", "tokens", "status"}));
    EXPECT_EQ(states("ddm-failed").size(), 1U);
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

/// The process of a persistent Mac dies, and another one goes on with what was kept.
class dying : public synchronising {
  public:
    /// What was kept before the message that came after `last` went out; empty: at the end.
    static net::task<void> goes_on_after(dying* b, std::string last, bytes data) {
        co_await enroll(b);
        b->script_declarations();
        b->script_declarations();
        plist::dict command{{"RequestType", "DeclarativeManagement"}};
        if (!data.empty()) {
            command.set("Data", std::move(data));
        }
        b->server->queue("U1", std::move(command));
        b->before = b->server->log.size();
        std::optional<plist::dict> kept;
        b->env->before_message = [&](const actor& /*who*/) -> result<void> {
            if (b->server->log.size() > b->before && b->server->log.back().what == last && !kept) {
                kept = b->subject->save();
            }
            return {};
        };
        co_await b->push();
        co_await b->sleep(1h);
        b->env->before_message = {};
        if (last.empty()) {
            kept = b->subject->save();
        }
        b->subject.reset();
        auto again = mac::load(*b->env, kept.value_or(plist::dict{}));
        if (!again) {
            ADD_FAILURE() << again.error().message();
            co_return;
        }
        b->subject = *std::move(again);
        b->before = b->server->log.size();
        b->subject->resume();
        co_await b->sleep(1h);
    }
};

// The report that is about to go out says Acknowledged: nothing comes from the server after it.
TEST_F(dying, before_the_first_synchronisation_makes_up_for_it) {
    run(goes_on_after(this, "Idle", {}));
    EXPECT_EQ(since(), (strings{"Idle", "tokens", "declaration-items",
                                "declaration/configuration/C1", "tokens", "status"}));
}

TEST_F(dying, after_the_command_was_acknowledged_makes_up_for_it) {
    run(goes_on_after(this, "Acknowledged U1", to_bytes(tokens())));
    EXPECT_EQ(since(), (strings{"Idle", "declaration-items", "declaration/configuration/C1",
                                "tokens", "status"}));
}

TEST_F(dying, after_it_was_synchronised_owes_nothing) {
    run(goes_on_after(this, {}, {}));
    EXPECT_EQ(server->count("declaration-items"), 1U);
}

/// A synchronisation whose declarations point to documents of the server.
class fetching_documents : public synchronising {
  public:
    struct declared {
        std::string type, identifier, payload;
    };
    void script(const std::vector<declared>& all) {
        const auto json = std::string{mdm::json_content_type};
        ddm::manifest m;
        m.declarations_token = "v1";
        server->answer("tokens", http(200, json, tokens()));
        for (const auto& [type, identifier, payload] : all) {
            const ddm::declaration d{.type = "com.apple." + type,
                                     .identifier = identifier,
                                     .server_token = "1",
                                     .payload = payload};
            m.items(*d.kind()).push_back({identifier, "1"});
            server->answer("declaration/" + std::string{ddm::to_text(*d.kind())} + '/' + identifier,
                           http(200, json, pomona::to_text(ddm::write_declaration(d))));
        }
        server->answer("declaration-items",
                       http(200, json, pomona::to_text(ddm::write_manifest(m))));
        server->answer("tokens", http(200, json, tokens()));
    }
    void script_legacy() {
        script({{"activation.simple", "A1", R"({"StandardConfigurations":["L1","C1"]})"},
                {"configuration.legacy", "L1",
                 R"({"ProfileURL":")" + server->url("/profiles/one") + R"("})"},
                {"configuration.management.test", "C1",
                 R"({"Echo":"x","EchoDataAssetReference":"D1"})"},
                {"asset.data", "D1",
                 R"({"Reference":{"DataURL":")" + server->url("/open/data") +
                     R"(","ContentType":"text/plain"},"Authentication":{"Type":"None"}})"}});
        const auto p = profile_of("org.example.declared", {});
        server->answer("/profiles/one", http(200, std::string{mdm::profile_content_type},
                                             pomona::to_text(profile::write(p))));
        server->answer("/open/data", http(200, "text/plain; charset=utf-8", "from outside"));
    }
    static net::task<void> legacy(fetching_documents* b) {
        co_await enroll(b);
        b->before = b->server->log.size();
        b->script_legacy();
        b->server->queue("U1", {{"RequestType", "DeclarativeManagement"}});
        co_await b->push();
        co_await b->sleep(1h);
        b->server->queue("U2", {{"RequestType", "ProfileList"}});
        co_await b->push();
        co_await b->sleep(1min);
    }
};

// DDM-033, DDM-056: MDM is a GET as MDM requests are, with the client certificate and a signature
// over an empty body; None is a plain GET.
TEST_F(fetching_documents, documents_come_with_the_identity_or_without) {
    run(legacy(this));
    const auto& signed_get = server->last("/profiles/one");
    EXPECT_FALSE(signed_get.client_certificate.empty());
    EXPECT_TRUE(net::find_header(signed_get.request.headers, mdm::signature_header));
    EXPECT_FALSE(net::find_header(signed_get.request.headers, "Content-Type"));
    EXPECT_TRUE(signed_get.request.body.empty());
    const auto& plain_get = server->last("/open/data");
    EXPECT_TRUE(plain_get.client_certificate.empty());
    EXPECT_FALSE(net::find_header(plain_get.request.headers, mdm::signature_header));
    // The profile is on the Mac as one that MDM installed.
    const auto& list = pomona::to_text(server->last("Acknowledged U2").request.body);
    EXPECT_NE(list.find("org.example.declared"), std::string::npos);
    ASSERT_EQ(states("configurations-applied").size(), 1U);
    EXPECT_EQ(states("configurations-applied")[0]->summary.text("applied"), "L1, C1");
}

// DDM-058: and with the enrollment it goes.
TEST_F(fetching_documents, the_end_of_the_enrollment_removes_what_was_declared) {
    static constexpr auto gone = [](fetching_documents* b) -> net::task<void> {
        co_await legacy(b);
        co_await b->subject->remove_enrollment_profile();
    };
    run(gone(this));
    ASSERT_EQ(states("configurations-applied").size(), 2U);
    EXPECT_EQ(states("configurations-applied")[1]->summary.text("removed"), "L1, C1");
}

// DDM-053: by itself, without a push.
TEST_F(synchronising, a_full_report_comes_every_day) {
    static constexpr auto for_days = [](synchronising* b) -> net::task<void> {
        co_await pushed(b);
        co_await b->sleep(50h);
    };
    run(for_days(this));
    EXPECT_EQ(server->count("status"), 3U);
    const auto message = mdm::parse_checkin(server->last("status").request.body).value();
    const auto& data = std::get<mdm::declarative_management>(message.body).data;
    ASSERT_TRUE(data);
    EXPECT_EQ(nlohmann::json::parse(data->begin(), data->end())["FullReport"], true);
}

// What a Mac could not tell while it was off the network it tells when it is back.
TEST_F(synchronising, a_report_that_came_due_offline_follows) {
    static constexpr auto away = [](synchronising* b) -> net::task<void> {
        co_await pushed(b);
        auto c = b->subject->current();
        c.online = false;
        b->subject->set(c);
        co_await b->sleep(60h);
        EXPECT_EQ(b->server->count("status"), 1U);
        c.online = true;
        b->subject->set(c);
        co_await b->sleep(1min);
    };
    run(away(this));
    EXPECT_EQ(server->count("status"), 2U);
}

} // namespace
} // namespace pomona::sim::mac
