// Commands about updates and applications: what they answer, and that later queries agree.
#include "machine_bench.hpp"

namespace pomona::sim::mac {
namespace {

using mdm::command_status;
using namespace std::chrono_literals;

class software_commands : public machine_bench {};

// ---- software updates

TEST_F(software_commands, an_update_is_offered_scheduled_reported_and_installed) {
    const auto offered = ok("AvailableOSUpdates");
    const auto& list = *offered.list("AvailableOSUpdates");
    ASSERT_FALSE(list.empty());
    const auto& first = *list[0].get<plist::dict>();
    EXPECT_TRUE(ok("ScheduleOSUpdateScan", {{"Force", true}}).contains("ScanInitiated"));
    run_for(1min);
    EXPECT_NE(query("OSUpdateSettings").get<plist::dict>()->find("PreviousScanDate"), nullptr);
    const auto result =
        ok("ScheduleOSUpdate",
           {{"Updates", plist::array{plist::dict{{"ProductKey", *first.string("ProductKey")},
                                                 {"InstallAction", "InstallForceRestart"}}}}});
    const auto& entry = *(*result.list("UpdateResults"))[0].get<plist::dict>();
    EXPECT_EQ(*entry.string("InstallAction"), "InstallForceRestart");
    EXPECT_EQ(*entry.string("Status"), "Downloading");
    EXPECT_FALSE(entry.contains("ErrorChain"));
    const auto status = ok("OSUpdateStatus");
    ASSERT_EQ(status.list("OSUpdateStatus")->size(), 1U);
    run_for(2h);
    EXPECT_TRUE(ok("OSUpdateStatus").list("OSUpdateStatus")->empty());
    EXPECT_EQ(*query("OSVersion").get<std::string>(), *first.string("Version"));
    EXPECT_EQ(*query("BuildVersion").get<std::string>(), *first.string("Build"));
}

TEST_F(software_commands, updates_that_cannot_be_had_say_so_in_their_entry) {
    const auto result =
        ok("ScheduleOSUpdate",
           {{"Updates",
             plist::array{plist::dict{{"ProductVersion", "1.0"}, {"InstallAction", "Default"}}}}});
    const auto& entry = *(*result.list("UpdateResults"))[0].get<plist::dict>();
    EXPECT_EQ(*entry.string("InstallAction"), "Error");
    const auto& chain = *(*entry.list("ErrorChain"))[0].get<plist::dict>();
    EXPECT_EQ(*chain.integer("ErrorCode"), 12048);
    format_error("ScheduleOSUpdate");
    format_error("ScheduleOSUpdate", {{"Updates", plist::array{plist::dict{}}}});
    format_error("ScheduleOSUpdate",
                 {{"Updates", plist::array{plist::dict{{"InstallAction", "Default"}}}}});
    format_error("ScheduleOSUpdate",
                 {{"Updates", plist::array{plist::dict{{"ProductVersion", "15.2"},
                                                       {"InstallAction", "Sometimes"}}}}});
    box.updates.set_fault(update_fault::scan);
    error(12050, "AvailableOSUpdates");
    EXPECT_FALSE(*ok("ScheduleOSUpdateScan").boolean("ScanInitiated"));
}

TEST_F(software_commands, without_updates_a_mac_lists_none_and_the_ios_family_has_an_error) {
    box.updates = os_updates{{.version = "26.2", .build = "25C56"}, true, 26};
    EXPECT_TRUE(ok("AvailableOSUpdates").list("AvailableOSUpdates")->empty());
    box.updates.set_none_is_error(true); // F30
    const auto out = error(2213, "AvailableOSUpdates");
    ASSERT_EQ(out.answer.errors.size(), 2U);
    EXPECT_EQ(out.answer.errors[1].code, 3);
}

// ---- applications

TEST_F(software_commands, an_application_is_queued_installing_listed_and_removed) {
    const auto result =
        ok("InstallApplication",
           {{"iTunesStoreID", 409183694}, {"InstallAsManaged", true}, {"ManagementFlags", 1}});
    EXPECT_EQ(*result.string("Identifier"), "com.apple.iWork.Keynote");
    EXPECT_EQ(*result.string("State"), "Queued");
    EXPECT_FALSE(listed(ok("InstalledApplicationList"), "InstalledApplicationList",
                        "com.apple.iWork.Keynote")); // F28
    const auto again = error(506, "InstallApplication", {{"iTunesStoreID", 409183694}});
    EXPECT_EQ(*again.answer.result.string("RejectionReason"), "Other");
    run_for(5s);
    const auto one = plist::array{"com.apple.iWork.Keynote"};
    auto list = ok("InstalledApplicationList", {{"Identifiers", one}});
    ASSERT_EQ(list.list("InstalledApplicationList")->size(), 1U);
    EXPECT_TRUE(
        *(*list.list("InstalledApplicationList"))[0].get<plist::dict>()->boolean("Installing"));
    run_for(5min);
    list = ok("InstalledApplicationList", {{"ManagedAppsOnly", true}});
    ASSERT_EQ(list.list("InstalledApplicationList")->size(), 1U);
    EXPECT_FALSE(
        *(*list.list("InstalledApplicationList"))[0].get<plist::dict>()->boolean("Installing"));
    EXPECT_TRUE(listed(ok("InstalledApplicationList"), "InstalledApplicationList",
                       "com.apple.Safari")); // the system's, too
    const auto managed = ok("ManagedApplicationList");
    const auto* entry =
        managed.dictionary("ManagedApplicationList")->dictionary("com.apple.iWork.Keynote");
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(*entry->string("Status"), "Managed");
    EXPECT_EQ(*entry->integer("ManagementFlags"), 1);
    EXPECT_FALSE(entry->contains("HasFeedback")); // the user channel's
    ok("RemoveApplication", {{"Identifier", "com.apple.iWork.Keynote"}});
    EXPECT_TRUE(ok("ManagedApplicationList").dictionary("ManagedApplicationList")->empty());
    error(12029, "RemoveApplication", {{"Identifier", "com.apple.iWork.Keynote"}});
    format_error("RemoveApplication");
}

TEST_F(software_commands, installations_are_refused_with_their_codes) {
    format_error("InstallApplication");
    error(12034, "InstallApplication", {{"ManifestURL", "http://files.example/a.plist"}});
    error(12023, "InstallApplication", {{"iTunesStoreID", 0}});
    error(12023, "InstallApplication", {{"Identifier", "com.apple.Safari"}});
    format_error("InstallEnterpriseApplication");
    error(12034, "InstallEnterpriseApplication", {{"ManifestURL", "ftp://x"}});
    error(12033, "InstallEnterpriseApplication", {{"Manifest", plist::dict{{"items", 1}}}});
    box.apps.conditions.no_licence = true;
    error(9610, "InstallApplication",
          {{"iTunesStoreID", 5}, {"Options", plist::dict{{"PurchaseMethod", 1}}}});
    box.apps.install_by_user(shelf.get(*store_app(7)));
    error(12025, "InstallApplication", {{"iTunesStoreID", 7}});
    use_intel();
    error(12023, "InstallApplication", {{"iTunesStoreID", 9}, {"iOSApp", true}});
}

TEST_F(software_commands, a_manifest_url_is_for_the_driver) {
    const auto out =
        run("InstallEnterpriseApplication", {{"ManifestURL", "https://files.example/a.plist"},
                                             {"ManifestURLPinningCerts", plist::array{bytes{1, 2}}},
                                             {"InstallAsManaged", true}});
    EXPECT_EQ(out.answer.status, command_status::acknowledged);
    const auto* effect = std::get_if<effect::install_package>(&out.effect);
    ASSERT_NE(effect, nullptr);
    EXPECT_EQ(effect->manifest_url, "https://files.example/a.plist");
    EXPECT_EQ(effect->pins.size(), 1U);
    EXPECT_TRUE(effect->how.as_managed);
}

TEST_F(software_commands, configuration_and_feedback_of_managed_applications) {
    ok("InstallApplication", {{"iTunesStoreID", 7},
                              {"InstallAsManaged", true},
                              {"Configuration", plist::dict{{"server", "one"}}}});
    run_for(5min);
    const std::string id = "com.example.store.app7";
    const auto read = [&] {
        const auto r =
            ok("ManagedApplicationConfiguration", {{"Identifiers", plist::array{id, "x.y"}}});
        const auto& all = *r.list("ApplicationConfigurations");
        EXPECT_EQ(all.size(), 1U);
        const auto* c = all[0].get<plist::dict>()->dictionary("Configuration");
        return c == nullptr ? plist::dict{} : *c;
    };
    EXPECT_EQ(read(), (plist::dict{{"server", "one"}}));
    const auto set =
        ok("Settings",
           {{"Settings", plist::array{plist::dict{{"Item", "ApplicationConfiguration"},
                                                  {"Identifier", id},
                                                  {"Configuration", plist::dict{{"a", 1}}}}}}});
    EXPECT_EQ(*(*set.list("Settings"))[0].get<plist::dict>()->string("Status"), "Acknowledged");
    EXPECT_EQ(read(), (plist::dict{{"a", 1}}));
    format_error("ManagedApplicationConfiguration");

    box.apps.leave_feedback(id, std::make_shared<const plist::dict>(plist::dict{{"n", 5}}));
    on_user_channel = true;
    EXPECT_TRUE(*ok("ManagedApplicationList")
                     .dictionary("ManagedApplicationList")
                     ->dictionary(id)
                     ->boolean("HasFeedback"));
    const plist::dict ask{{"Identifiers", plist::array{id}}, {"DeleteFeedback", true}};
    EXPECT_EQ(ok("ManagedApplicationFeedback", ask).list("ManagedApplicationFeedback")->size(), 1U);
    EXPECT_TRUE(ok("ManagedApplicationFeedback", ask).list("ManagedApplicationFeedback")->empty());
}

TEST_F(software_commands, programs_and_books_of_a_user) {
    on_user_channel = true;
    const auto invite = [&](std::string_view program, std::string_view url) {
        return *ok("InviteToProgram", {{"ProgramID", program}, {"InvitationURL", url}})
                    .string("InvitationResult");
    };
    EXPECT_EQ(invite("com.apple.cloudvpp", "https://buy.example/x"), "Acknowledged");
    EXPECT_EQ(invite("com.example", "https://buy.example/x"), "InvalidProgramID");
    EXPECT_EQ(invite("com.apple.cloudvpp", "file:///x"), "InvalidInvitationURL");
    EXPECT_EQ(*ok("InstallMedia", {{"MediaType", "Book"}, {"iTunesStoreID", 5}}).string("State"),
              "Queued");
    EXPECT_EQ(*error(12023, "InstallMedia", {{"MediaType", "Book"}})
                   .answer.result.string("RejectionReason"),
              "CouldNotVerifyITunesStoreID");
    EXPECT_EQ(*error(12023, "InstallMedia", {{"MediaType", "App"}, {"iTunesStoreID", 5}})
                   .answer.result.string("RejectionReason"),
              "WrongMediaType");
}

} // namespace
} // namespace pomona::sim::mac
