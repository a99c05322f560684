// Profiles on a Mac that is enrolled, as its server sees them.
#include "pomona/protocol/plist/codec.hpp"
#include "scripted_server.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

plist::dict install_command(const profile::profile& p) {
    return {{"RequestType", "InstallProfile"}, {"Payload", profile::write(p)}};
}

class installed_profiles : public mac_bench {
  public:
    using step = std::function<void()>;
    /// Enrolls, then does one step after the other, each followed by a push and an hour.
    static net::task<void> live(installed_profiles* b, std::vector<step> steps) {
        co_await enroll(b);
        for (const auto& one : steps) {
            one();
            co_await b->push();
            co_await b->sleep(1h);
        }
    }
    void enrolled(std::vector<step> steps) { run(live(this, std::move(steps))); }
    /// Reports of a status, parsed.
    [[nodiscard]] plist::dict report(const std::string& what) const {
        return plist::parse_dict(server->last(what).request.body).value();
    }
    [[nodiscard]] profile::profile with_scep() const {
        auto wanted = server->scep;
        wanted.client.url = server->url("/scep");
        wanted.client.subject = {{"CN", "wifi of %SerialNumber%"}};
        return profile_of(
            "org.example.eap",
            {payload_of(std::string{profile::scep_type}, "EAP-SCEP", profile::write_scep(wanted)),
             payload_of("com.apple.wifi.managed", "EAP-WIFI",
                        {{"PayloadCertificateUUID", "EAP-SCEP"}})});
    }
    [[nodiscard]] static std::vector<std::string> identities(const plist::dict& report) {
        std::vector<std::string> out;
        for (const auto& item : *report.list("CertificateList")) {
            const auto& d = *item.get<plist::dict>();
            if (*d.boolean("IsIdentity")) {
                out.push_back(*d.string("CommonName"));
            }
        }
        return out;
    }
};

// State queries agree with what was done before.
TEST_F(installed_profiles, a_scep_payload_brings_an_identity) {
    enrolled({[this] {
        server->queue("U1", install_command(with_scep()));
        server->queue("U2", {{"RequestType", "CertificateList"}});
        server->queue("U3", {{"RequestType", "RemoveProfile"}, {"Identifier", "org.example.eap"}});
        server->queue("U4", {{"RequestType", "CertificateList"}, {"ManagedOnly", true}});
    }});
    const auto serial = subject->machine().serial.value();
    const auto with = report("Acknowledged U2");
    EXPECT_EQ(identities(with), (std::vector<std::string>{serial, "wifi of " + serial}));
    EXPECT_EQ(with.list("CertificateList")->size(), 3U) << "and the root of the enrollment profile";
    const auto without = report("Acknowledged U4");
    EXPECT_EQ(identities(without), std::vector<std::string>{serial});
    EXPECT_EQ(without.list("CertificateList")->size(), 2U);
    EXPECT_EQ(states("payload-identity-issued").size(), 1U);
}

// MDM-CHK-062: all or nothing.
TEST_F(installed_profiles, without_its_identity_a_profile_is_not_installed) {
    enrolled({[this] {
        server->answer("GetCACert", http(500));
        server->queue("U1", install_command(with_scep()));
        server->queue("U2", {{"RequestType", "ProfileList"}});
        auto broken = wifi_profile("org.example.root");
        broken.payloads.push_back(payload_of(std::string{profile::root_type}, "BAD-ROOT",
                                             {{"PayloadContent", to_bytes("no certificate")}}));
        server->queue("U3", install_command(broken));
        broken.payloads.back() =
            payload_of(std::string{profile::pkcs12_type}, "BAD-P12",
                       {{"PayloadContent", to_bytes("no file")}, {"Password", "x"}});
        server->queue("U4", install_command(broken));
        server->queue("U5", {{"RequestType", "ProfileList"}});
    }});
    const auto code = [&](const std::string& uuid) {
        const auto d = report("Error " + uuid);
        return *d.list("ErrorChain")->front().get<plist::dict>()->string("ErrorDomain");
    };
    EXPECT_EQ(code("U1"), "MCSCEPErrorDomain");
    EXPECT_EQ(code("U3"), "MCCertificateErrorDomain");
    EXPECT_EQ(code("U4"), "MCCertificateErrorDomain");
    EXPECT_EQ(report("Acknowledged U2").list("ProfileList")->size(), 1U);
    EXPECT_EQ(report("Acknowledged U5").list("ProfileList")->size(), 1U);
}

// Schema TopLevel, DurationUntilRemoval.
TEST_F(installed_profiles, one_goes_when_its_time_is_over) {
    auto p = wifi_profile();
    p.duration_until_removal = 90min;
    enrolled({[&] { server->queue("U1", install_command(p)); },
              [&] { server->queue("U2", {{"RequestType", "ProfileList"}}); },
              [&] { server->queue("U3", {{"RequestType", "ProfileList"}}); }});
    EXPECT_EQ(report("Acknowledged U2").list("ProfileList")->size(), 2U);
    EXPECT_EQ(report("Acknowledged U3").list("ProfileList")->size(), 1U);
    ASSERT_EQ(states("profile-removed").size(), 1U);
    const auto& gone = *states("profile-removed")[0];
    const auto& came = *states("profile-installed")[0];
    EXPECT_EQ(gone.time - came.time, 90min);
}

TEST_F(installed_profiles, the_enrollment_ends_with_the_time_of_its_profile) {
    enrolled({[this] {
        auto p = server->enrollment_profile();
        p.duration_until_removal = 10min;
        server->queue("U1", install_command(p));
    }});
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
    EXPECT_EQ(server->count("CheckOut"), 1U);
}

TEST_F(installed_profiles, an_encrypted_one_is_for_this_mac) {
    const auto p = wifi_profile("org.example.sealed");
    enrolled({[&] {
        const auto sealed =
            profile::write_encrypted(world->crypto(), p, server->issued.back()).value();
        server->queue("U1", {{"RequestType", "InstallProfile"}, {"Payload", sealed}});
        server->queue("U2", {{"RequestType", "ProfileList"}});
    }});
    const auto listed = report("Acknowledged U2");
    const auto& all = *listed.list("ProfileList");
    ASSERT_EQ(all.size(), 2U);
    const auto& one = *all[1].get<plist::dict>();
    EXPECT_TRUE(*one.boolean("IsEncrypted"));
    EXPECT_FALSE(one.contains("PayloadContent"));
}

class deleted_users : public installed_profiles {
  public:
    deleted_users() {
        users = {{.id = "USER-A", .short_name = "alice", .long_name = "Alice"},
                 {.id = "USER-B", .short_name = "bob", .long_name = "Bob"}};
        server->settings.server_capabilities = {"com.apple.mdm.per-user-connections"};
    }
};

TEST_F(deleted_users, lose_their_channel) {
    enrolled({[this] { subject->log_in("bob"); },
              [this] {
                  server->queue("U1", {{"RequestType", "DeleteUser"}, {"UserName", "bob"}});
                  subject->log_out("bob");
              },
              [this] {
                  server->queue("U2", {{"RequestType", "DeleteUser"}, {"UserName", "bob"}});
                  server->queue("U3", {{"RequestType", "UserList"}});
              }});
    EXPECT_EQ(server->count("Acknowledged U1"), 1U);
    EXPECT_EQ(server->count("Error U2"), 1U) << "there is no such user any more";
    const auto listed = report("Acknowledged U3");
    ASSERT_EQ(listed.list("Users")->size(), 1U);
    EXPECT_FALSE(subject->log_in("bob"));
    EXPECT_FALSE(subject->user("bob"));
    EXPECT_EQ(subject->user_names(), std::vector<std::string>{"alice"});
}

} // namespace
} // namespace pomona::sim::mac
