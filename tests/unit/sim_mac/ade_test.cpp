// Automated Device Enrollment and what comes after: Setup Assistant, bootstrap token, renewals,
// returns; as the server sees the Mac.
#include "mac/error_document.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/machine_info.hpp"
#include "pomona/sim/device_ca/device_ca.hpp"
#include "scripted_server.hpp"

#include <algorithm>
#include <functional>

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

class assigned : public mac_bench {
  public:
    assigned() {
        users = {{.id = "USER-A", .short_name = "alice", .long_name = "Alice"}};
        server->settings.server_capabilities = {"com.apple.mdm.per-user-connections",
                                                "com.apple.mdm.bootstraptoken"};
    }
    using step = std::function<void()>;
    static net::task<void> live(assigned* b, bool await, std::vector<step> steps) {
        b->subject->assign(
            ade_assignment{.url = b->server->url("/enroll"), .await_device_configured = await});
        b->outcome = co_await b->subject->enroll_by_ade();
        for (const auto& one : steps) {
            one();
            co_await b->sleep(10min);
        }
    }
    void enrolled(bool await, std::vector<step> steps) { run(live(this, await, std::move(steps))); }
    void push_now() { world->spawn("push", push()); }
    [[nodiscard]] plist::dict body(const std::string& what) const {
        return plist::parse_dict(server->last(what).request.body).value();
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
    std::expected<void, enroll_failure> outcome;
};

// ABM-091: DER CMS with the MachineInfo attached, and all that its macOS has to say.
TEST_F(assigned, machine_info_is_signed_by_the_device) {
    enrolled(false, {});
    ASSERT_TRUE(outcome);
    const auto& asked = server->last("profile").request;
    EXPECT_EQ(asked.method, "POST");
    EXPECT_EQ(net::media_type(asked.headers), "application/pkcs7-signature");
    EXPECT_EQ(net::find_header(asked.headers, "User-Agent"), "CloudConfiguration-OSX/1.0");
    const auto opened = crypto::verify_attached(world->crypto(), asked.body);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(crypto::verify_chain(opened->signer, opened->certificates, {env->devices->root()},
                                     world->now()));
    EXPECT_EQ(opened->certificates.size(), 2U); // F23: the intermediate, not the root
    const auto info = mdm::read_machine_info(opened->content);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->device, subject->machine().device);
    EXPECT_EQ(info->serial, subject->machine().serial);
    EXPECT_EQ(info->product, subject->machine().kind.model);
    EXPECT_EQ(info->build, subject->machine().kind.build_version);
    EXPECT_EQ(info->os_version, subject->machine().kind.os_version);
    EXPECT_TRUE(info->can_request_software_update);
}

// MDM-CHK-074, ABM-103: nobody can log in before DeviceConfigured.
TEST_F(assigned, setup_assistant_waits_for_DeviceConfigured) {
    enrolled(true, {[this] { EXPECT_FALSE(subject->log_in("alice")); },
                    [this] {
                        EXPECT_TRUE(subject->in_setup_assistant());
                        EXPECT_EQ(server->count("SetBootstrapToken"), 0U);
                        server->queue("U1", {{"RequestType", "DeviceConfigured"}});
                        push_now();
                    }});
    EXPECT_EQ(server->count("Acknowledged U1"), 1U);
    EXPECT_FALSE(subject->in_setup_assistant());
    const auto said = bodies("TokenUpdate");
    ASSERT_EQ(said.size(), 2U);
    EXPECT_EQ(*said[0].boolean("AwaitingConfiguration"), true);
    EXPECT_EQ(*said[1].string("UserShortName"), "alice");
    EXPECT_EQ(server->count("SetBootstrapToken"), 1U);
}

TEST_F(assigned, without_await_the_user_follows_at_once) {
    enrolled(false, {[] {}});
    EXPECT_FALSE(bodies("TokenUpdate")[0].contains("AwaitingConfiguration"));
    EXPECT_FALSE(subject->in_setup_assistant());
    EXPECT_TRUE(subject->user("alice")->is_open);
}

// F3, MDM-CHK-067: declarative management has to wait, and is asked for again.
TEST_F(assigned, declarative_management_is_refused_in_setup_assistant) {
    enrolled(true, {[this] {
                        server->queue("U1", {{"RequestType", "DeclarativeManagement"}});
                        push_now();
                    },
                    [this] {
                        EXPECT_EQ(server->count("NotNow U1"), 1U);
                        server->queue("U2", {{"RequestType", "DeviceConfigured"}});
                        push_now();
                    },
                    [this] { server->queue("U1", {{"RequestType", "DeclarativeManagement"}}); },
                    [this] { push_now(); }});
    EXPECT_EQ(server->count("Acknowledged U1"), 1U);
    EXPECT_GE(server->count("tokens"), 1U); // again when something on the Mac has changed
}

// F33: only an erase helps.
TEST_F(assigned, a_restart_in_setup_assistant_stalls_it) {
    enrolled(true, {[this] { subject->restart(); },
                    [this] {
                        server->queue("U1", {{"RequestType", "DeviceConfigured"}});
                        push_now();
                    },
                    [this] {
                        EXPECT_TRUE(subject->in_setup_assistant());
                        subject->erase();
                    },
                    [this] {
                        server->queue("U2", {{"RequestType", "DeviceConfigured"}});
                        push_now();
                    }});
    EXPECT_EQ(server->count("Acknowledged U2"), 1U);
    EXPECT_FALSE(subject->in_setup_assistant());
    EXPECT_EQ(server->count("Authenticate"), 2U); // it came back by itself
}

// ENR-042, ABM-101, schema softwareupdate.required: updates, and asks once more, with the new
// version.
TEST_F(assigned, a_server_may_want_another_macos_first) {
    server->answer(
        "profile",
        http(403, "application/json",
             R"({"code":"com.apple.softwareupdate.required","details":{"OSVersion":"15.2"}})"));
    enrolled(false, {});
    ASSERT_TRUE(outcome) << outcome.error().reason;
    EXPECT_EQ(server->count("profile"), 2U);
    const auto again =
        crypto::verify_attached(world->crypto(), server->last("profile").request.body);
    ASSERT_TRUE(again);
    EXPECT_EQ(mdm::read_machine_info(again->content).value().os_version, "15.2");
    EXPECT_EQ(states("os-updated").size(), 1U);
    EXPECT_EQ(*body("Authenticate").string("OSVersion"), "15.2");
}

TEST_F(assigned, other_refusals_end_it) {
    server->answer("profile", http(403));
    enrolled(false, {});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().at, "profile");
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

// F9: the same profile, spent challenge and all.
TEST_F(assigned, a_failed_enrollment_tries_the_same_profile_again) {
    static constexpr auto twice = [](assigned* b) -> net::task<void> {
        b->server->answer("Authenticate", http(500));
        b->subject->assign(
            ade_assignment{.url = b->server->url("/enroll"), .await_device_configured = false});
        const auto first = co_await b->subject->enroll_by_ade();
        EXPECT_FALSE(first);
        b->outcome = co_await b->subject->enroll_by_ade();
    };
    run(twice(this));
    EXPECT_TRUE(outcome);
    EXPECT_EQ(server->count("profile"), 1U);
    EXPECT_EQ(server->count("Authenticate"), 2U);
}

// F15: the escrow goes with the profile, the token does not.
TEST_F(assigned, the_bootstrap_token_is_escrowed_again_after_a_return) {
    static constexpr auto again = [](assigned* b) -> net::task<void> {
        co_await enroll(b);
        co_await b->sleep(1min);
        co_await b->subject->remove_enrollment_profile();
        co_await enroll(b);
        co_await b->sleep(1min);
    };
    run(again(this));
    const auto sent = bodies("SetBootstrapToken");
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(*sent[0].data("BootstrapToken"), *sent[1].data("BootstrapToken"));
    EXPECT_EQ(*sent[0].string("UDID"), subject->machine().device.value());
}

TEST_F(assigned, no_bootstrap_token_without_the_capability) {
    server->settings.server_capabilities = {"com.apple.mdm.per-user-connections"};
    enrolled(false, {[] {}});
    EXPECT_EQ(server->count("SetBootstrapToken"), 0U);
}

class renewing : public assigned {
  public:
    static net::task<void> renew_once(renewing* b, renewal how) {
        co_await enroll(b);
        co_await b->sleep(1min);
        b->before = b->server->log.size();
        b->outcome = co_await b->subject->renew(how);
        co_await b->push();
        co_await b->sleep(1min);
    }
    void renewed(renewal how) { run(renew_once(this, how)); }
    [[nodiscard]] strings said() const {
        auto out = server->names(before);
        std::erase_if(out, [](const std::string& s) {
            return s.starts_with("Get") || s == "PKIOperation" || s == "profile";
        });
        return out;
    }
    std::size_t before = 0;
};

// F10.
TEST_F(renewing, a_reinstalled_profile_checks_in_again) {
    renewed(renewal::reinstall);
    ASSERT_TRUE(outcome) << outcome.error().reason;
    EXPECT_EQ(said(), (strings{"Authenticate", "TokenUpdate", "TokenUpdate", "Idle"})); // and alice
    EXPECT_EQ(server->issued.size(), 2U);
}

// F12.
TEST_F(renewing, a_profile_replaced_in_place_sends_TokenUpdate_alone) {
    renewed(renewal::in_place);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(server->names(before).size() > 0, true);
    EXPECT_EQ(server->count("Authenticate"), 1U);
    EXPECT_EQ(server->last("Idle").client_certificate, to_hex(server->issued.back().sha256()));
}

// F13.
TEST_F(renewing, a_renewed_identity_just_appears) {
    renewed(renewal::identity_only);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(said(), strings{"Idle"});
    EXPECT_EQ(server->last("Idle").client_certificate, to_hex(server->issued.back().sha256()));
}

// ENR-103: what is fixed stays, or nothing changes.
TEST_F(renewing, a_profile_with_another_topic_is_refused) {
    static constexpr auto moved = [](renewing* b) -> net::task<void> {
        co_await enroll(b);
        b->server->settings.topic = topic{"com.apple.mgmt.External.other"};
        b->outcome = co_await b->subject->renew(renewal::reinstall);
    };
    run(moved(this));
    EXPECT_FALSE(outcome);
    EXPECT_EQ(server->count("Authenticate"), 1U);
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

class returning : public assigned {
  public:
    static net::task<void> restored(returning* b, unsigned answer) {
        co_await enroll(b);
        co_await b->sleep(1min);
        const auto token = b->subject->token();
        co_await b->subject->remove_enrollment_profile();
        b->before = b->server->log.size();
        if (answer != 200) {
            b->server->answer("TokenUpdate", http(answer));
        }
        b->outcome = co_await b->subject->restore();
        EXPECT_NE(b->subject->token(), token);
        co_await b->sleep(1min);
    }
    std::size_t before = 0;
};

// Apple, "Token Update": 200 accepts a Mac that came back from a backup, 401 does not.
TEST_F(returning, a_restored_mac_announces_itself) {
    run(restored(this, 200));
    EXPECT_TRUE(outcome);
    EXPECT_EQ(server->names(before).front(), "TokenUpdate");
    EXPECT_EQ(subject->now_in(), phase::enrolled);
}

TEST_F(returning, a_401_drops_the_profile_again) {
    run(restored(this, 401));
    EXPECT_FALSE(outcome);
    EXPECT_EQ(server->names(before), strings{"TokenUpdate"});
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

TEST_F(returning, an_upgrade_is_told_by_TokenUpdate) {
    static constexpr auto upgraded = [](returning* b) -> net::task<void> {
        co_await enroll(b);
        co_await b->sleep(1min);
        const auto token = b->subject->token();
        b->before = b->server->log.size();
        EXPECT_TRUE(b->subject->upgrade("15.2", {}));
        EXPECT_FALSE(b->subject->upgrade("99.0", {}));
        co_await b->sleep(1h);
        EXPECT_NE(b->subject->token(), token);
    };
    run(upgraded(this));
    EXPECT_EQ(server->names(before), strings{"TokenUpdate"});
}

TEST(error_documents, of_both_forms) {
    const auto json = read_error_document(http(
        403, "application/json",
        R"({"code":"com.apple.softwareupdate.required","details":{"OSVersion":"15.2","BuildVersion":"24C101"}})"));
    ASSERT_TRUE(json);
    EXPECT_EQ(json->os_version, "15.2");
    EXPECT_EQ(json->build_version, "24C101");
    EXPECT_FALSE(read_error_document(http(403, "text/plain", "{}")));
    EXPECT_FALSE(read_error_document(http(403, "application/json", "[1]")));
}

} // namespace
} // namespace pomona::sim::mac
