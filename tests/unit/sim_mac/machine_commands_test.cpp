// Commands that act on the machine: what they answer, and that later queries agree.
#include "machine_bench.hpp"
#include "pomona/protocol/crypto/cms.hpp"

namespace pomona::sim::mac {
namespace {

using mdm::command_status;
using namespace std::chrono_literals;

class machine_commands : public machine_bench {};

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
