// Manifests and packages as the server sees them fetched; updates of macOS in a whole Mac.
#include "pomona/protocol/plist/codec.hpp"
#include "scripted_server.hpp"

#include <algorithm>
#include <functional>

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

class fetching : public mac_bench {
  public:
    using step = std::function<void()>;
    /// Enrolls, then does one step after the other, two hours apart, with a push after each.
    static net::task<void> live(fetching* b, std::vector<step> steps) {
        co_await enroll(b);
        b->before = b->server->log.size();
        for (const auto& one : steps) {
            one();
            co_await b->push();
            co_await b->sleep(2h);
        }
    }
    void enrolled(std::vector<step> steps) { run(live(this, std::move(steps))); }
    [[nodiscard]] std::string manifest(const std::string& package) const {
        const plist::dict asset{
            {"kind", "software-package"},
            {"url", server->url("/files/tool.pkg")},
            {"sha256-size", 8},
            {"sha256s",
             plist::array{to_hex(crypto::sha256(as_bytes(std::string_view{package}.substr(0, 8)))),
                          to_hex(crypto::sha256(as_bytes(std::string_view{package}.substr(8))))}}};
        const plist::dict metadata{
            {"bundle-identifier", "org.example.tool"}, {"kind", "software"}, {"title", "Tool"}};
        const plist::dict d{{"items", plist::array{plist::dict{{"assets", plist::array{asset}},
                                                               {"metadata", metadata}}}}};
        return std::string{pomona::to_text(plist::to_xml(d))};
    }
    void queue_install(std::string uuid) {
        server->queue(std::move(uuid), {{"RequestType", "InstallEnterpriseApplication"},
                                        {"ManifestURL", server->url("/files/tool.plist")},
                                        {"InstallAsManaged", true}});
    }
    void queue_list(std::string uuid) {
        server->queue(std::move(uuid), {{"RequestType", "ManagedApplicationList"}});
    }
    [[nodiscard]] std::string status_in(const std::string& what) const {
        const auto report = mdm::parse_report(server->last(what).request.body).value();
        const auto* list = report.result.dictionary("ManagedApplicationList");
        const auto* app = list == nullptr ? nullptr : list->dictionary("org.example.tool");
        return app == nullptr ? "" : *app->string("Status");
    }
    [[nodiscard]] std::int64_t code_in(const std::string& what) const {
        const auto report = mdm::parse_report(server->last(what).request.body).value();
        return report.errors.empty() ? 0 : report.errors[0].code;
    }
    std::size_t before = 0;
};

TEST_F(fetching, the_manifest_comes_before_the_report_and_the_package_after) {
    enrolled({[this] {
                  server->answer("/files/tool.plist",
                                 http(200, "text/xml", manifest("0123456789")));
                  server->answer("/files/tool.pkg", http(200, "", "0123456789"));
                  queue_install("U1");
              },
              [this] { queue_list("U2"); }});
    const auto names = server->names(before);
    const auto at = [&](std::string_view name) {
        return std::ranges::find(names, name) - names.begin();
    };
    EXPECT_EQ(at("/files/tool.plist"), 1); // after the Idle
    EXPECT_LT(at("/files/tool.plist"), at("Acknowledged U1"));
    EXPECT_LT(at("/files/tool.pkg"), static_cast<std::ptrdiff_t>(names.size()));
    EXPECT_EQ(states("application-installed").size(), 1U);
    EXPECT_EQ(status_in("Acknowledged U2"), "Managed");
}

TEST_F(fetching, a_manifest_that_cannot_be_had_or_read_is_an_error) {
    enrolled({[this] { queue_install("U1"); },
              [this] {
                  server->answer("/files/tool.plist", http(200, "text/xml", "<plist>"));
                  queue_install("U2");
              },
              [this] {
                  server->queue("U3", {{"RequestType", "InstallEnterpriseApplication"},
                                       {"ManifestURL", server->url("/files/tool.plist")},
                                       {"ManifestURLPinningCerts", plist::array{bytes{1}}}});
              }});
    EXPECT_EQ(code_in("Error U1"), 12024);
    EXPECT_EQ(code_in("Error U2"), 12033);
    EXPECT_EQ(code_in("Error U3"), 12024); // another certificate than the pinned ones
    EXPECT_EQ(server->count("/files/tool.plist"), 2U);
}

TEST_F(fetching, the_pinned_certificate_of_the_server_is_enough) {
    enrolled({[this] {
        server->answer("/files/tool.plist", http(200, "text/xml", manifest("0123456789")));
        server->queue("U1", {{"RequestType", "InstallEnterpriseApplication"},
                             {"ManifestURL", server->url("/files/tool.plist")},
                             {"ManifestURLPinningCerts", plist::array{server->root().der()}}});
    }});
    EXPECT_EQ(server->count("Acknowledged U1"), 1U);
}

TEST_F(fetching, a_package_with_other_hashes_is_not_installed) {
    enrolled({[this] {
                  server->answer("/files/tool.plist",
                                 http(200, "text/xml", manifest("0123456789")));
                  server->answer("/files/tool.pkg", http(200, "", "012345678X"));
                  queue_install("U1");
              },
              [this] { queue_list("U2"); }, [this] { queue_list("U3"); }});
    EXPECT_EQ(server->count("Acknowledged U1"), 1U);
    EXPECT_EQ(states("package-refused").size(), 1U);
    EXPECT_EQ(states("application-failed").size(), 1U);
    EXPECT_EQ(status_in("Acknowledged U2"), "Failed");
    EXPECT_EQ(status_in("Acknowledged U3"), ""); // said once
}

TEST_F(fetching, managed_applications_go_with_the_enrollment) {
    enrolled({[this] {
                  server->queue("U1", {{"RequestType", "InstallApplication"},
                                       {"iTunesStoreID", 409183694},
                                       {"InstallAsManaged", true},
                                       {"ManagementFlags", 1}});
              },
              [this] {
                  server->queue("U2", {{"RequestType", "RemoveProfile"},
                                       {"Identifier", server->enrollment_profile().identifier}});
              }});
    EXPECT_EQ(states("application-installed").size(), 1U);
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

/// An ordinary restart would end at FileVault's screen.
TEST_F(fetching, an_update_passes_the_screen_of_file_vault_once) {
    enrolled({[this] {
                  auto c = subject->current();
                  c.file_vault = true;
                  subject->set(c);
                  const plist::dict update{{"ProductVersion", "15.1.1"},
                                           {"InstallAction", "InstallForceRestart"}};
                  server->queue("U1", {{"RequestType", "ScheduleOSUpdate"},
                                       {"Updates", plist::array{update}}});
              },
              [this] {
                  server->queue("U2", {{"RequestType", "DeviceInformation"},
                                       {"Queries", plist::array{"OSVersion"}}});
              },
              [this] { subject->restart(); }});
    EXPECT_EQ(states("os-updated").size(), 1U);
    const auto report = mdm::parse_report(server->last("Acknowledged U2").request.body).value();
    EXPECT_EQ(*report.result.dictionary("QueryResponses")->string("OSVersion"), "15.1.1");
    EXPECT_EQ(subject->current().power, power_mode::unlock_screen);
}

/// FileVault by profile: at the next log-in, and SecurityInfo tells it.
TEST_F(fetching, a_profile_switches_file_vault_on) {
    enrolled({[this] {
                  server->queue("U1", {{"RequestType", "InstallProfile"},
                                       {"Payload", profile::write(profile_of(
                                                       "org.example.fde",
                                                       {payload_of("com.apple.MCX.FileVault2", "F1",
                                                                   {{"Enable", "On"}})}))}});
              },
              [this] { server->queue("U2", {{"RequestType", "SecurityInfo"}}); }});
    EXPECT_EQ(states("file-vault").size(), 1U);
    const auto report = mdm::parse_report(server->last("Acknowledged U2").request.body).value();
    const auto* info = report.result.dictionary("SecurityInfo");
    EXPECT_TRUE(*info->boolean("FDE_Enabled"));
    EXPECT_TRUE(*info->boolean("FDE_HasPersonalRecoveryKey"));
}

} // namespace
} // namespace pomona::sim::mac
