// Account-driven enrollment of a Mac, and what a user enrollment never tells.
#include "pomona/protocol/crypto/cms.hpp"
#include "scripted_server.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

class account_driven : public mac_bench {
  public:
    account_driven() {
        users = {{.id = "USER-A", .short_name = "alice", .long_name = "Alice"}};
        server->settings.server_capabilities = {"com.apple.mdm.per-user-connections"};
        server->settings.enrollment_mode = "BYOD";
        server->settings.assigned_managed_apple_id = "ada@example.org";
        server->settings.access_rights = 0;
    }
    void offer(const std::string& version) {
        server->answer("discovery",
                       http(200, "application/json",
                            R"({"Servers":[{"Version":")" + version + R"(","BaseURL":")" +
                                server->url("/account") + R"("}]})"));
    }
    void challenge(const std::string& text) {
        auto r = http(401);
        r.headers.push_back({"WWW-Authenticate", text});
        server->answer("sign-in", std::move(r));
    }
    void sign_in() { challenge(R"(Bearer method="apple-as-web", url="https://mdm.example/auth")"); }
    static net::task<void> try_it(account_driven* b, account_enrollment what, std::string* why) {
        if (what.discovery.empty()) {
            what.discovery = b->server->url("");
        }
        const auto done = co_await b->subject->enroll_by_account(std::move(what));
        *why = done ? "" : done.error().at + ": " + done.error().reason;
        co_await b->sleep(1min);
    }
    std::string enrolled(account_enrollment what = {.identifier = "ada@example.org",
                                                    .discovery = {},
                                                    .access_token = "TOKEN"}) {
        std::string why;
        run(try_it(this, std::move(what), &why));
        return why;
    }
    [[nodiscard]] std::vector<plist::dict> bodies() const {
        std::vector<plist::dict> out;
        for (const auto& r : server->log) {
            if (r.request.method == "PUT") {
                out.push_back(plist::parse_dict(r.request.body).value());
            }
        }
        return out;
    }
};

// ENR-107, ENR-110, MDM-CHK-072: EnrollmentID everywhere, and the bearer token.
TEST_F(account_driven, a_user_enrollment_tells_neither_udid_nor_serial) {
    offer("mdm-byod");
    sign_in();
    ASSERT_EQ(enrolled(), "");
    EXPECT_EQ(server->names(),
              (strings{"discovery", "sign-in", "profile", "GetCACert", "GetCACaps", "PKIOperation",
                       "Authenticate", "TokenUpdate", "TokenUpdate"}));
    const auto all = bodies();
    ASSERT_EQ(all.size(), 3U);
    const auto id = *all[0].string("EnrollmentID");
    EXPECT_EQ(subject->id().value(), id);
    for (const auto& d : all) {
        EXPECT_EQ(*d.string("EnrollmentID"), id);
        for (const auto* key : {"UDID", "SerialNumber", "UserID"}) {
            EXPECT_FALSE(d.contains(key)) << key;
        }
    }
    EXPECT_EQ(*all[2].string("EnrollmentUserID"), "USER-A");
    for (const auto& r : server->log) {
        const bool mdm = r.request.method == "PUT";
        const auto bearer = net::find_header(r.request.headers, "Authorization").value_or("");
        EXPECT_EQ(bearer, mdm || r.what == "profile" ? "Bearer TOKEN" : "") << r.what;
        const auto& hw = subject->machine();
        const auto body = pomona::to_text(r.request.body);
        EXPECT_EQ(body.find(hw.device.value()), std::string::npos) << r.what;
        EXPECT_EQ(body.find(hw.serial.value()), std::string::npos) << r.what;
    }
}

// F19: another EnrollmentID with the next enrollment.
TEST_F(account_driven, each_user_enrollment_has_an_id_of_its_own) {
    static constexpr auto twice = [](account_driven* b, std::string* first) -> net::task<void> {
        for (int i = 0; i < 2; ++i) {
            b->offer("mdm-byod");
            b->sign_in();
            std::string why;
            co_await try_it(b, {.identifier = "a@b", .discovery = {}, .access_token = "T"}, &why);
            EXPECT_EQ(why, "");
            if (i == 0) {
                *first = b->subject->id().value();
                co_await b->subject->remove_enrollment_profile();
            }
        }
    };
    std::string first;
    run(twice(this, &first));
    EXPECT_NE(subject->id().value(), first);
    EXPECT_NE(first, subject->machine().device.value());
}

// ENR-107: the device's way tells both.
TEST_F(account_driven, a_device_enrollment_tells_udid_and_serial) {
    server->settings.enrollment_mode = "ADDE";
    server->settings.access_rights = 8191;
    offer("mdm-adde");
    sign_in();
    ASSERT_EQ(enrolled(), "");
    const auto authenticate = bodies().at(0);
    EXPECT_EQ(*authenticate.string("UDID"), subject->machine().device.value());
    EXPECT_EQ(*authenticate.string("SerialNumber"), subject->machine().serial.value());
    EXPECT_FALSE(authenticate.contains("EnrollmentID"));
    EXPECT_EQ(net::find_header(server->last("TokenUpdate").request.headers, "Authorization"),
              "Bearer TOKEN");
}

// MDM-CHK-072: what user enrollment forbids is refused, or left out.
TEST_F(account_driven, commands_and_keys_that_are_not_for_users) {
    offer("mdm-byod");
    sign_in();
    static constexpr auto live = [](account_driven* b, std::string* why) -> net::task<void> {
        co_await try_it(b, {.identifier = "a@b", .discovery = {}, .access_token = "T"}, why);
        b->server->queue("U1", {{"RequestType", "EraseDevice"}});
        b->server->queue("U2", {{"RequestType", "DeviceInformation"},
                                {"Queries", plist::array{"UDID", "SerialNumber", "WiFiMAC",
                                                         "OSVersion", "ProvisioningUDID"}}});
        b->server->queue("U3", {{"RequestType", "SecurityInfo"}});
        co_await b->push();
        co_await b->sleep(1min);
    };
    std::string why;
    run(live(this, &why));
    ASSERT_EQ(why, "");
    EXPECT_EQ(server->count("Error U1"), 1U);
    const auto answered = [&](const char* what) {
        return plist::parse_dict(server->last(what).request.body).value();
    };
    const auto information = answered("Acknowledged U2");
    EXPECT_EQ(information.dictionary("QueryResponses")->size(), 1U);
    EXPECT_TRUE(information.dictionary("QueryResponses")->contains("OSVersion"));
    EXPECT_TRUE(information.contains("EnrollmentID"));
    const auto security = *answered("Acknowledged U3").dictionary("SecurityInfo");
    EXPECT_TRUE(*security.dictionary("ManagementStatus")->boolean("IsUserEnrollment"));
    for (const auto* key : {"FDE_HasPersonalRecoveryKey", "RemoteDesktopEnabled",
                            "BootstrapTokenAllowedForAuthentication", "IsRecoveryLockEnabled"}) {
        EXPECT_FALSE(security.contains(key)) << key;
    }
}

// ENR-109: the last '@' divides, and a redirect carries what query it has.
TEST_F(account_driven, discovery_goes_to_the_domain_and_follows_redirects) {
    auto moved = http(302);
    moved.headers.push_back({"Location", "/.well-known/com.apple.remotemanagement"});
    server->answer("discovery", std::move(moved));
    offer("mdm-byod");
    sign_in();
    ASSERT_EQ(
        enrolled({.identifier = "ada@home@example.org", .discovery = {}, .access_token = "TOKEN"}),
        "");
    EXPECT_EQ(server->log[0].request.target,
              "/.well-known/com.apple.remotemanagement?user-identifier=ada%40home%40example.org&"
              "model-family=Mac");
    EXPECT_EQ(server->log[1].request.target, "/.well-known/com.apple.remotemanagement");
}

TEST_F(account_driven, what_is_signed_is_product_and_version) {
    offer("mdm-byod");
    sign_in();
    ASSERT_EQ(enrolled(), "");
    const auto& r = server->last("sign-in").request;
    EXPECT_EQ(r.method, "POST");
    EXPECT_EQ(net::find_header(r.headers, "Content-Type"), "application/pkcs7-signature");
    EXPECT_TRUE(crypto::verify_attached(world->crypto(), r.body));
    EXPECT_EQ(r.body, server->last("profile").request.body); // the same again
}

class account_refused : public account_driven {};

TEST_F(account_refused, without_a_domain) {
    EXPECT_NE(enrolled({.identifier = "ada", .discovery = {}, .access_token = "T"}), "");
    EXPECT_TRUE(server->log.empty());
}
TEST_F(account_refused, by_service_discovery) { // ENR-052
    server->answer("discovery",
                   http(403, "application/json", R"({"code":"com.apple.well-known.failed"})"));
    EXPECT_NE(enrolled().find("com.apple.well-known.failed"), std::string::npos);
}
TEST_F(account_refused, by_a_document_that_names_no_way_for_macs) {
    offer("mdm-other");
    EXPECT_NE(enrolled(), "");
    EXPECT_EQ(server->names(), strings{"discovery"});
}
TEST_F(account_refused, without_a_challenge) {
    offer("mdm-byod");
    server->answer("sign-in", http(401));
    EXPECT_NE(enrolled(), "");
    EXPECT_EQ(server->count("profile"), 0U);
}
TEST_F(account_refused, when_nobody_signs_in) {
    offer("mdm-byod");
    sign_in();
    EXPECT_NE(enrolled({.identifier = "a@b", .discovery = {}, .access_token = {}}), "");
    EXPECT_EQ(server->count("profile"), 0U);
}
// ENR-108.
TEST_F(account_refused, a_profile_of_the_other_mode) {
    offer("mdm-adde");
    sign_in();
    EXPECT_NE(enrolled().find("EnrollmentMode"), std::string::npos);
    EXPECT_EQ(server->count("GetCACert"), 0U);
}
TEST_F(account_refused, a_profile_without_the_account) { // ENR-108
    server->settings.assigned_managed_apple_id.clear();
    offer("mdm-byod");
    sign_in();
    EXPECT_NE(enrolled().find("AssignedManagedAppleID"), std::string::npos);
}
TEST_F(account_refused, access_rights_over_a_users_own_mac) { // ENR-108
    server->settings.access_rights = 8191;
    offer("mdm-byod");
    sign_in();
    EXPECT_NE(enrolled().find("AccessRights"), std::string::npos);
}

// ENR-110: a 401 with a challenge asks for a new sign-in; it does not end the enrollment.
TEST_F(account_driven, a_challenge_later_on_is_no_end) {
    offer("mdm-byod");
    sign_in();
    static constexpr auto live = [](account_driven* b, std::string* why) -> net::task<void> {
        co_await try_it(b, {.identifier = "a@b", .discovery = {}, .access_token = "T"}, why);
        auto r = http(401);
        r.headers.push_back({"WWW-Authenticate", "Bearer method=\"apple-as-web\""});
        b->server->answer("Idle", std::move(r));
        co_await b->push();
        co_await b->sleep(1min);
        EXPECT_EQ(b->subject->now_in(), phase::enrolled);
        b->server->answer("Idle", http(401)); // without one it is the end (MDM-CHK-065)
        co_await b->push();
        co_await b->sleep(1min);
    };
    std::string why;
    run(live(this, &why));
    EXPECT_EQ(why, "");
    EXPECT_EQ(states("sign-in-needed").size(), 1U);
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

} // namespace
} // namespace pomona::sim::mac
