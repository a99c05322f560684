// Commands that act on the machine: what they answer, and that later queries agree.
#include "mac/command_processor.hpp"
#include "mac/command_screening.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "profiles.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using mdm::command_status;
using namespace std::chrono_literals;

constexpr time_point noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5} + 12h};

class machine_commands : public testing::Test {
  protected:
    machine_commands() {
        store.put(profile_of("org.example.enroll", {mdm_payload_of(mdm_settings())}), origin::user);
    }
    void use_intel() {
        hw.kind = *find_persona("macos-15-intel");
        box = machine_state{hw.kind};
    }
    outcome run(std::string_view type, plist::dict body = {}) {
        body.set("RequestType", type);
        const mdm::command c{
            .uuid = command_uuid{"U1"}, .request_type = std::string{type}, .body = body};
        const device_state state{.machine = hw,
                                 .profiles = store,
                                 .box = box,
                                 .crypto = ctx,
                                 .access_rights = rights,
                                 .token = push_token{bytes(32, 7)},
                                 .now = now,
                                 .user = on_user_channel ? &alice : nullptr,
                                 .shelf = &shelf};
        auto out = process_command(mdm::write_command(c), state);
        EXPECT_TRUE(out);
        if (out && out->answer.status == command_status::acknowledged) { // MDM-CHK-075
            for (const auto& f :
                 schema::validate_answer(type, out->answer.result, schema_context(state))) {
                EXPECT_FALSE(f.is_problem()) << type << ": " << f.to_string();
            }
        }
        return out ? *std::move(out) : outcome{};
    }
    plist::dict ok(std::string_view type, plist::dict body = {}) {
        auto out = run(type, std::move(body));
        EXPECT_EQ(out.answer.status, command_status::acknowledged)
            << type << ' '
            << (out.answer.errors.empty() ? "" : out.answer.errors[0].localized_description);
        return std::move(out.answer.result);
    }
    outcome error(std::int64_t code, std::string_view type, plist::dict body = {}) {
        auto out = run(type, std::move(body));
        EXPECT_EQ(out.answer.status, command_status::error) << type;
        EXPECT_FALSE(out.answer.errors.empty());
        if (!out.answer.errors.empty()) {
            EXPECT_EQ(out.answer.errors[0].code, code) << type;
        }
        return out;
    }
    void format_error(std::string_view type, plist::dict body = {}) {
        EXPECT_EQ(run(type, std::move(body)).answer.status, command_status::command_format_error)
            << type;
    }
    void run_for(duration d) {
        const auto end = now + d;
        while (const auto due = box.next_change()) {
            if (*due > end) {
                break;
            }
            now = std::max(now, *due);
            box.advance(now);
            box.updates.authorise(true, now);
        }
        now = end;
    }
    plist::value query(std::string_view name) {
        const auto r = ok("DeviceInformation", {{"Queries", plist::array{name}}});
        const auto* v = r.dictionary("QueryResponses")->find(name);
        return v == nullptr ? plist::value{} : *v;
    }
    plist::dict security() { return *ok("SecurityInfo").dictionary("SecurityInfo"); }
    static bool listed(const plist::dict& result, std::string_view key, std::string_view id) {
        return std::ranges::any_of(*result.list(key), [&](const plist::value& v) {
            const auto* found = v.get<plist::dict>()->string("Identifier");
            return found != nullptr && *found == id;
        });
    }

    crypto::context ctx = crypto::context::seeded(as_bytes("machine"));
    hardware hw = test_hardware();
    profile_store store;
    machine_state box{hw.kind};
    app_shelf shelf;
    account alice{.id = "A", .short_name = "alice", .long_name = "Alice"};
    bool on_user_channel = false;
    std::int64_t rights = 8191;
    time_point now = noon;
};

// ---- software updates

TEST_F(machine_commands, an_update_is_offered_scheduled_reported_and_installed) {
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

TEST_F(machine_commands, updates_that_cannot_be_had_say_so_in_their_entry) {
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

TEST_F(machine_commands, without_updates_a_mac_lists_none_and_the_ios_family_has_an_error) {
    box.updates = os_updates{{.version = "26.2", .build = "25C56"}, true, 26};
    EXPECT_TRUE(ok("AvailableOSUpdates").list("AvailableOSUpdates")->empty());
    box.updates.set_none_is_error(true); // F30
    const auto out = error(2213, "AvailableOSUpdates");
    ASSERT_EQ(out.answer.errors.size(), 2U);
    EXPECT_EQ(out.answer.errors[1].code, 3);
}

// ---- applications

TEST_F(machine_commands, an_application_is_queued_installing_listed_and_removed) {
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

TEST_F(machine_commands, installations_are_refused_with_their_codes) {
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

TEST_F(machine_commands, a_manifest_url_is_for_the_driver) {
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

TEST_F(machine_commands, configuration_and_feedback_of_managed_applications) {
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

TEST_F(machine_commands, programs_and_books_of_a_user) {
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

// ---- settings

TEST_F(machine_commands, settings_answer_item_by_item_and_queries_agree) {
    const plist::dict organization{{"OrganizationName", "Orchard"},
                                   {"OrganizationShortName", "O"},
                                   {"OrganizationEmail", "it@orchard.example"}};
    const auto result =
        ok("Settings",
           {{"Settings",
             plist::array{
                 plist::dict{{"Item", "DeviceName"}, {"DeviceName", "Anna's Mac 2"}},
                 plist::dict{{"Item", "Wallpaper"}},
                 plist::dict{{"Item", "ApplicationConfiguration"}, {"Identifier", "x.y"}},
                 plist::dict{{"Item", "OrganizationInfo"}, {"OrganizationInfo", organization}},
                 plist::dict{{"Item", "MDMOptions"},
                             {"MDMOptions",
                              plist::dict{{"ActivationLockAllowedWhileSupervised", true}}}}}}});
    const auto& all = *result.list("Settings");
    ASSERT_EQ(all.size(), 5U);
    const std::array expected{"Acknowledged", "Error", "Error", "Acknowledged", "Acknowledged"};
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(*all[i].get<plist::dict>()->string("Status"), expected[i]) << i;
    }
    const auto& wallpaper = *all[1].get<plist::dict>()->list("ErrorChain");
    EXPECT_EQ(*wallpaper[0].get<plist::dict>()->integer("ErrorCode"), 28000);
    EXPECT_EQ(*query("DeviceName").get<std::string>(), "Anna's Mac 2");
    EXPECT_EQ(*query("LocalHostName").get<std::string>(), "Annas-Mac-2");
    EXPECT_EQ(*query("HostName").get<std::string>(), "Annas-Mac-2.local");
    ok("Settings", {{"Settings", plist::array{plist::dict{{"Item", "HostName"},
                                                          {"HostName", "anna.example"}}}}});
    EXPECT_EQ(*query("HostName").get<std::string>(), "anna.example");
    const auto info = query("OrganizationInfo");
    EXPECT_EQ(*info.get<plist::dict>()->string("OrganizationName"), "Orchard");
    EXPECT_FALSE(info.get<plist::dict>()->contains("OrganizationShortName"));
    EXPECT_TRUE(
        *query("MDMOptions").get<plist::dict>()->boolean("ActivationLockAllowedWhileSupervised"));
    ok("Settings", {{"Settings", plist::array{plist::dict{{"Item", "OrganizationInfo"}}}}});
    EXPECT_EQ(query("OrganizationInfo"), plist::value{});
    format_error("Settings");
}

// ---- power

TEST_F(machine_commands, device_lock_needs_six_characters) {
    error(12008, "DeviceLock");
    format_error("DeviceLock", {{"PIN", "12345"}});
    const auto out = run("DeviceLock", {{"PIN", "123456"}, {"Message", "Lost"}});
    EXPECT_EQ(out.answer.status, command_status::acknowledged);
    EXPECT_EQ(*out.answer.result.string("MessageResult"), "Success");
    const auto* effect = std::get_if<effect::power>(&out.effect);
    ASSERT_NE(effect, nullptr);
    EXPECT_EQ(effect->kind, effect::power::what::lock);
    EXPECT_EQ(effect->pin, "123456");
    EXPECT_EQ(box.security.lock_message, "Lost");
}

/// MDM-CHK-082.
TEST_F(machine_commands, a_failed_preflight_decides_with_the_behavior_what_is_said_and_done) {
    struct row {
        std::string_view behavior;
        bool obstacle;
        command_status status;
        bool erases;
    };
    constexpr auto acknowledged = command_status::acknowledged;
    constexpr auto failed = command_status::error;
    for (const auto& r :
         {row{"Default", false, acknowledged, true}, row{"Default", true, failed, true},
          row{"DoNotObliterate", false, acknowledged, true},
          row{"DoNotObliterate", true, failed, false},
          row{"ObliterateWithWarning", true, acknowledged, true},
          row{"Always", true, acknowledged, true}}) {
        box.security.erase_obstacle = r.obstacle ? "the volume is damaged" : "";
        EXPECT_EQ(*query("EACSPreflight").get<std::string>(),
                  r.obstacle ? "the volume is damaged" : "success");
        const auto out = run("EraseDevice", {{"ObliterationBehavior", r.behavior}});
        EXPECT_EQ(out.answer.status, r.status) << r.behavior;
        const auto* power = std::get_if<effect::power>(&out.effect);
        EXPECT_EQ(power != nullptr && power->kind == effect::power::what::erase, r.erases)
            << r.behavior;
    }
    format_error("EraseDevice", {{"ObliterationBehavior", "Sometimes"}});
    format_error("EraseDevice", {{"PIN", "12"}});
}

TEST_F(machine_commands, an_old_mac_is_erased_with_a_pin_only) {
    use_intel();
    hw.kind.model = "iMac18,2";
    EXPECT_TRUE(*query("PINRequiredForEraseDevice").get<bool>());
    error(12008, "EraseDevice");
    EXPECT_EQ(run("EraseDevice", {{"PIN", "123456"}}).answer.status, command_status::acknowledged);
}

TEST_F(machine_commands, restart_and_shut_down) {
    const auto kind_of = [](const outcome& o) {
        const auto* p = std::get_if<effect::power>(&o.effect);
        return p == nullptr ? -1 : static_cast<int>(p->kind);
    };
    EXPECT_EQ(kind_of(run("RestartDevice")), static_cast<int>(effect::power::what::restart));
    EXPECT_EQ(kind_of(run("ShutDownDevice")), static_cast<int>(effect::power::what::shut_down));
    const auto rebuild = run("RestartDevice", {{"RebuildKernelCache", true}});
    EXPECT_TRUE(std::get<effect::power>(rebuild.effect).with_bootstrap_token);
    // Somebody at work is asked, and goes on.
    EXPECT_NE(kind_of(run("RestartDevice", {{"NotifyUser", true}})), -1);
    box.users.add({.guid = "G", .short_name = "alice", .full_name = "Alice", .logged_in = true});
    EXPECT_EQ(kind_of(run("RestartDevice", {{"NotifyUser", true}})), -1);
}

// ---- passwords and keys

TEST_F(machine_commands, a_recovery_lock_is_set_verified_changed_and_cleared) {
    const auto verified = [&](std::string_view p) {
        return *ok("VerifyRecoveryLock", {{"Password", p}}).boolean("PasswordVerified");
    };
    EXPECT_FALSE(*security().boolean("IsRecoveryLockEnabled"));
    EXPECT_FALSE(verified(""));
    ok("SetRecoveryLock", {{"NewPassword", "one"}});
    EXPECT_TRUE(*security().boolean("IsRecoveryLockEnabled"));
    EXPECT_TRUE(verified("one"));
    EXPECT_FALSE(verified("two"));
    error(12010, "SetRecoveryLock", {{"NewPassword", "two"}});
    error(12010, "SetRecoveryLock", {{"NewPassword", "two"}, {"CurrentPassword", "x"}});
    ok("SetRecoveryLock", {{"NewPassword", "two"}, {"CurrentPassword", "one"}});
    EXPECT_TRUE(verified("two"));
    ok("SetRecoveryLock", {{"NewPassword", ""}, {"CurrentPassword", "two"}});
    EXPECT_FALSE(*security().boolean("IsRecoveryLockEnabled"));
    format_error("SetRecoveryLock");
    format_error("VerifyRecoveryLock");
    // Apple, "Set Recovery Lock": it goes with the enrollment.
    ok("SetRecoveryLock", {{"NewPassword", "three"}});
    box.enrollment_ended();
    EXPECT_FALSE(*security().boolean("IsRecoveryLockEnabled"));
    // Apple silicon has no firmware password.
    error(12021, "SetFirmwarePassword", {{"NewPassword", "x"}});
    error(12021, "VerifyFirmwarePassword", {{"Password", "x"}});
}

TEST_F(machine_commands, a_firmware_password_holds_from_the_next_restart_on) {
    use_intel();
    const auto changed = [](const plist::dict& r) {
        return *r.dictionary("SetFirmwarePassword")->boolean("PasswordChanged");
    };
    const auto verified = [&](std::string_view p) {
        return *ok("VerifyFirmwarePassword", {{"Password", p}})
                    .dictionary("VerifyFirmwarePassword")
                    ->boolean("PasswordVerified");
    };
    const auto status = [&](std::string_view key) {
        return *security().dictionary("FirmwarePasswordStatus")->boolean(key);
    };
    EXPECT_TRUE(changed(ok("SetFirmwarePassword", {{"NewPassword", "one"}, {"AllowOroms", true}})));
    EXPECT_TRUE(status("ChangePending"));
    EXPECT_FALSE(status("PasswordExists"));
    EXPECT_FALSE(
        changed(error(12010, "SetFirmwarePassword", {{"NewPassword", "two"}}).answer.result));
    EXPECT_FALSE(verified("one"));
    box.security.restarted();
    EXPECT_FALSE(status("ChangePending"));
    EXPECT_TRUE(status("PasswordExists"));
    EXPECT_TRUE(status("AllowOroms"));
    EXPECT_TRUE(verified("one"));
    error(12010, "SetFirmwarePassword", {{"NewPassword", "two"}});
    error(12010, "SetFirmwarePassword",
          {{"NewPassword", "tw\xC3\xB6"}, {"CurrentPassword", "one"}});
    ok("SetFirmwarePassword", {{"NewPassword", ""}, {"CurrentPassword", "one"}});
    box.security.restarted();
    EXPECT_FALSE(status("PasswordExists"));
    format_error("SetFirmwarePassword");
    format_error("VerifyFirmwarePassword");
    error(12021, "SetRecoveryLock", {{"NewPassword", "x"}});
    error(12021, "VerifyRecoveryLock", {{"Password", "x"}});
}

TEST_F(machine_commands, the_bypass_code_stays_until_it_is_cleared) {
    const auto first = *ok("ActivationLockBypassCode").string("ActivationLockBypassCode");
    EXPECT_EQ(first.size(), 31U);
    EXPECT_EQ(*ok("ActivationLockBypassCode").string("ActivationLockBypassCode"), first);
    ok("ClearActivationLockBypassCode");
    error(12010, "ActivationLockBypassCode");
}

class file_vault_commands : public machine_commands {
  protected:
    file_vault_commands() {
        const auto key = *crypto::private_key::generate_rsa(ctx, 2048);
        crypto::certificate_spec spec;
        spec.subject = {{"CN", "escrow"}};
        spec.serial = {1};
        spec.not_before = noon - 1h;
        spec.not_after = noon + 1h;
        recipient =
            crypto::identity{.cert = *crypto::self_sign(spec, key), .key = key, .chain = {}};
    }
    std::string opened(const bytes& sealed) {
        return std::string{pomona::to_text(*crypto::open_enveloped(ctx, sealed, *recipient))};
    }
    std::optional<crypto::identity> recipient;
};

TEST_F(file_vault_commands, a_rotated_key_comes_sealed_and_the_escrow_agrees) {
    const plist::dict ask{{"KeyType", "personal"},
                          {"FileVaultUnlock", plist::dict{{"Password", "secret"}}},
                          {"ReplyEncryptionCertificate", recipient->cert.der()}};
    error(12010, "RotateFileVaultKey", ask); // FileVault is off
    EXPECT_FALSE(*security().boolean("FDE_Enabled"));
    box.power.file_vault = true;
    error(12010, "RotateFileVaultKey", ask); // no personal key
    box.security.recovery_key = recovery_key_of(ctx.random(24));
    EXPECT_TRUE(*security().boolean("FDE_HasPersonalRecoveryKey"));
    const auto before = box.security.recovery_key;
    const auto result = ok("RotateFileVaultKey", ask);
    const auto fresh = opened(*result.dictionary("RotateResult")->data("EncryptedNewRecoveryKey"));
    EXPECT_NE(fresh, before);
    EXPECT_EQ(fresh, box.security.recovery_key);
    // The key before is none any more; the new one opens.
    auto old_key = ask;
    old_key.set("FileVaultUnlock", plist::dict{{"Password", before}});
    error(12010, "RotateFileVaultKey", old_key);
    // An escrow profile makes SecurityInfo tell it, sealed.
    EXPECT_FALSE(security().contains("FDE_PersonalRecoveryKeyCMS"));
    store.put(profile_of("org.example.escrow",
                         {payload_of("com.apple.security.pkcs1", "C1",
                                     {{"PayloadContent", recipient->cert.der()}}),
                          payload_of("com.apple.security.FDERecoveryKeyEscrow", "E1",
                                     {{"Location", "Orchard"}, {"EncryptCertPayloadUUID", "C1"}})}),
              origin::mdm);
    const auto info = security();
    ASSERT_TRUE(info.contains("FDE_PersonalRecoveryKeyCMS"));
    EXPECT_EQ(opened(*info.data("FDE_PersonalRecoveryKeyCMS")), fresh);
    EXPECT_EQ(*info.string("FDE_PersonalRecoveryKeyDeviceKey"), hw.serial.value());
    // The institutional one.
    error(12010, "RotateFileVaultKey",
          {{"KeyType", "institutional"}, {"FileVaultUnlock", plist::dict{}}});
    ok("RotateFileVaultKey", {{"KeyType", "institutional"},
                              {"FileVaultUnlock", plist::dict{}},
                              {"NewCertificate", recipient->cert.der()}});
    EXPECT_TRUE(*security().boolean("FDE_HasInstitutionalRecoveryKey"));
    format_error("RotateFileVaultKey");
}

// ---- the rest

TEST_F(machine_commands, lights_out_management_is_for_desktops_without_a_screen) {
    error(12021, "LOMSetupRequest");
    EXPECT_FALSE(*query("SupportsLOMDevice").get<bool>());
    hw.kind = *find_persona("macos-26-apple-silicon");
    hw.ethernet_mac = "A0:78:17:01:02:03";
    box = machine_state{hw.kind};
    EXPECT_TRUE(*query("SupportsLOMDevice").get<bool>());
    const auto setup = ok("LOMSetupRequest");
    EXPECT_EQ(*(*setup.list("PrimaryIPv6AddressList"))[0].get<std::string>(),
              "fe80::a278:17ff:fe01:0203");
    const plist::dict one{{"DeviceRequestType", "Reset"},
                          {"DeviceRequestUUID", "R1"},
                          {"DeviceDNSName", "other.local"},
                          {"PrimaryIPv6AddressList", plist::array{}},
                          {"SecondaryIPv6AddressList", plist::array{}},
                          {"LOMProtocolVersion", 1}};
    const auto r = ok("LOMDeviceRequest", {{"RequestList", plist::array{one}}});
    EXPECT_EQ(*(*r.list("ResponseList"))[0].get<plist::dict>()->string("DeviceRequestUUID"), "R1");
    format_error("LOMDeviceRequest");
    format_error("LOMDeviceRequest", {{"RequestList", plist::array{plist::dict{}}}});
}

TEST_F(machine_commands, mirroring_and_caching) {
    format_error("RequestMirroring");
    EXPECT_EQ(*ok("RequestMirroring", {{"DestinationName", "TV"}}).string("MirroringResult"),
              "DestinationNotFound");
    ok("StopMirroring");
    EXPECT_FALSE(
        *ok("ContentCachingInformation").dictionary("StatusResponse")->boolean("Activated"));
    store.put(profile_of("org.example.cache", {payload_of("com.apple.AssetCache.managed", "K1",
                                                          {{"AutoActivation", true}})}),
              origin::mdm);
    EXPECT_TRUE(
        *ok("ContentCachingInformation").dictionary("StatusResponse")->boolean("Activated"));
}

TEST_F(machine_commands, the_machine_can_be_saved_with_everything_the_commands_did) {
    ok("InstallApplication", {{"iTunesStoreID", 7}, {"InstallAsManaged", true}});
    ok("SetRecoveryLock", {{"NewPassword", "one"}});
    ok("Settings",
       {{"Settings", plist::array{plist::dict{{"Item", "DeviceName"}, {"DeviceName", "Anna"}}}}});
    ok("ScheduleOSUpdate", {{"Updates", plist::array{plist::dict{{"ProductVersion", "15.1.1"},
                                                                 {"InstallAction", "Default"}}}}});
    ok("ActivationLockBypassCode");
    const auto saved = box.save();
    auto again = machine_state::load(saved, &shelf);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->save(), saved);
    EXPECT_EQ(again->next_change(), box.next_change());
    box = *std::move(again);
    run_for(1h);
    EXPECT_EQ(*query("DeviceName").get<std::string>(), "Anna");
    EXPECT_TRUE(*security().boolean("IsRecoveryLockEnabled"));
}

} // namespace
} // namespace pomona::sim::mac
