// Commands and their reports, without a world.
#include "mac/command_processor.hpp"
#include "mac/command_table.hpp"
#include "profiles.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pomona::sim::mac {
namespace {

using mdm::command_status;

class command_processor : public testing::Test {
  protected:
    command_processor() {
        store.put(profile_of("org.example.enroll", {mdm_payload_of(mdm_settings())}), origin::user);
    }
    [[nodiscard]] device_state state(std::int64_t rights = 8191) const {
        return {.machine = hw,
                .profiles = store,
                .box = box,
                .crypto = ctx,
                .access_rights = rights,
                .token = push_token{bytes(32, 7)},
                .now = {},
                .power_nap = power_nap};
    }
    [[nodiscard]] outcome run(plist::dict body, std::int64_t rights = 8191) const {
        const auto* type = body.string("RequestType");
        const mdm::command c{
            .uuid = command_uuid{"U1"}, .request_type = type ? *type : "", .body = body};
        auto out = process_command(mdm::write_command(c), state(rights));
        EXPECT_TRUE(out);
        EXPECT_EQ(out->answer.uuid, c.uuid); // MDM-CHK-061
        EXPECT_EQ(out->answer.from.device, hw.device);
        return *out;
    }
    static void expect_error(const outcome& o, std::int64_t code) {
        EXPECT_EQ(o.answer.status, command_status::error);
        ASSERT_FALSE(o.answer.errors.empty());
        EXPECT_EQ(o.answer.errors[0].code, code) << o.answer.errors[0].localized_description;
        EXPECT_FALSE(o.answer.errors[0].domain.empty());
        EXPECT_FALSE(o.answer.errors[0].localized_description.empty());
        EXPECT_TRUE(std::holds_alternative<std::monostate>(o.effect));
    }

    crypto::context ctx = crypto::context::seeded(as_bytes("commands"));
    hardware hw = test_hardware();
    profile_store store;
    mutable machine_state box{hw.kind};
    bool power_nap = false;
};

plist::array all_queries() {
    plist::array out;
    for (const auto* q : {"UDID",
                          "ProvisioningUDID",
                          "OrganizationInfo",
                          "MDMOptions",
                          "AwaitingConfiguration",
                          "iTunesStoreAccountIsActive",
                          "iTunesStoreAccountHash",
                          "DeviceName",
                          "OSVersion",
                          "SupplementalOSVersionExtra",
                          "BuildVersion",
                          "SupplementalBuildVersion",
                          "ModelName",
                          "Model",
                          "ModelNumber",
                          "IsAppleSilicon",
                          "ProductName",
                          "SerialNumber",
                          "DeviceCapacity",
                          "AvailableDeviceCapacity",
                          "BatteryLevel",
                          "HasBattery",
                          "IsSupervised",
                          "IsActivationLockEnabled",
                          "IsActivationLockSupported",
                          "ActiveManagedUsers",
                          "OSUpdateSettings",
                          "LocalHostName",
                          "HostName",
                          "AutoSetupAdminAccounts",
                          "SystemIntegrityProtectionEnabled",
                          "SupportsLOMDevice",
                          "PushToken",
                          "BluetoothMAC",
                          "WiFiMAC",
                          "EthernetMAC",
                          "PINRequiredForEraseDevice",
                          "PINRequiredForDeviceLock",
                          "SupportsiOSAppInstalls",
                          "SoftwareUpdateDeviceID",
                          "DevicePropertiesAttestation",
                          "EACSPreflight"}) {
        out.emplace_back(q);
    }
    return out;
}

std::set<std::string> keys_of(const plist::dict& d) {
    std::set<std::string> out;
    for (const auto& e : d) {
        out.insert(e.key);
    }
    return out;
}

// MDM-CHK-076: with rights 1 only the queries that need none; never one that was not asked.
TEST_F(command_processor, device_information_answers_what_was_asked_and_permitted) {
    const auto few = run({{"RequestType", "DeviceInformation"}, {"Queries", all_queries()}}, 1);
    EXPECT_EQ(few.answer.status, command_status::acknowledged);
    EXPECT_EQ(
        keys_of(*few.answer.result.dictionary("QueryResponses")),
        (std::set<std::string>{"UDID", "ProvisioningUDID", "MDMOptions", "AwaitingConfiguration",
                               "IsSupervised", "PushToken", "SoftwareUpdateDeviceID"}));
    const auto asked = run({{"RequestType", "DeviceInformation"},
                            {"Queries", plist::array{"SerialNumber", "IMEI", "WiFiMAC"}}});
    const auto& answers = *asked.answer.result.dictionary("QueryResponses");
    EXPECT_EQ(keys_of(answers), (std::set<std::string>{"SerialNumber", "WiFiMAC"}));
    EXPECT_EQ(*answers.string("SerialNumber"), hw.serial.value());
    EXPECT_EQ(*asked.answer.result.string("RequestType"), "DeviceInformation");
}

// MDM-CHK-075: types as the schema has them.
TEST_F(command_processor, device_information_has_the_types_of_the_schema) {
    const auto all = run({{"RequestType", "DeviceInformation"}, {"Queries", all_queries()}});
    const auto& d = *all.answer.result.dictionary("QueryResponses");
    for (const auto* text :
         {"UDID", "DeviceName", "OSVersion", "BuildVersion", "ModelName", "Model", "ProductName",
          "SerialNumber", "BluetoothMAC", "WiFiMAC", "HostName", "LocalHostName", "EACSPreflight",
          "ModelNumber", "ProvisioningUDID"}) {
        EXPECT_NE(d.string(text), nullptr) << text;
    }
    for (const auto* flag :
         {"IsAppleSilicon", "IsSupervised", "HasBattery", "IsActivationLockEnabled",
          "SystemIntegrityProtectionEnabled", "SupportsLOMDevice", "AwaitingConfiguration",
          "PINRequiredForEraseDevice", "PINRequiredForDeviceLock", "SupportsiOSAppInstalls"}) {
        EXPECT_NE(d.boolean(flag), nullptr) << flag;
    }
    for (const auto* real : {"DeviceCapacity", "AvailableDeviceCapacity", "BatteryLevel"}) {
        ASSERT_NE(d.find(real), nullptr) << real;
        EXPECT_NE(d.find(real)->get<double>(), nullptr) << real;
    }
    EXPECT_NE(d.data("PushToken"), nullptr);
    EXPECT_NE(d.list("ActiveManagedUsers"), nullptr);
    EXPECT_NE(d.dictionary("OSUpdateSettings"), nullptr);
    EXPECT_FALSE(d.contains("EthernetMAC")) << "a notebook has no socket";
}

// MDM-CHK-062.
TEST_F(command_processor, unknown_and_foreign_commands_are_errors) {
    expect_error(run({{"RequestType", "NoSuchCommand"}}), 12021);
    expect_error(run({{"RequestType", "ClearPasscode"}}), 12021);
    expect_error(run({{"RequestType", "NSExtensionMappings"}}), 12021); // MDM-CHK-078
}

// MDM-CHK-077.
TEST_F(command_processor, a_missing_right_is_an_error_and_nothing_is_done) {
    expect_error(run({{"RequestType", "DeviceLock"}}, 1), 12007);
    expect_error(run({{"RequestType", "SecurityInfo"}}, 1), 12007);
    expect_error(run({{"RequestType", "ProfileList"}}, 16), 12007);
    expect_error(
        run({{"RequestType", "InstallProfile"}, {"Payload", profile::write(wifi_profile())}}, 1),
        12007);
}

TEST_F(command_processor, malformed_commands_are_told_so) {
    const auto no_type = process_command(
        plist::to_xml(plist::dict{{"CommandUUID", "U9"}, {"Command", plist::dict{{"a", 1}}}}),
        state());
    ASSERT_TRUE(no_type);
    EXPECT_EQ(no_type->answer.status, command_status::command_format_error);
    EXPECT_EQ(no_type->answer.uuid.value(), "U9");
    EXPECT_FALSE(no_type->answer.errors.empty());
    EXPECT_FALSE(process_command(as_bytes("junk"), state()));
    EXPECT_FALSE(process_command(plist::to_xml(plist::dict{}), state()));
    for (const auto* type : {"DeviceInformation", "InstallProfile", "RemoveProfile"}) {
        EXPECT_EQ(run({{"RequestType", type}}).answer.status, command_status::command_format_error)
            << type;
    }
}

TEST_F(command_processor, security_info_has_the_macos_keys) {
    const auto o = run({{"RequestType", "SecurityInfo"}});
    const auto* d = o.answer.result.dictionary("SecurityInfo");
    ASSERT_NE(d, nullptr);
    EXPECT_NE(d->boolean("FDE_Enabled"), nullptr);
    EXPECT_TRUE(*d->dictionary("ManagementStatus")->boolean("UserApprovedEnrollment"));
    EXPECT_TRUE(d->contains("IsRecoveryLockEnabled"));
    EXPECT_FALSE(d->contains("FirmwarePasswordStatus"));
    hw = test_hardware("macos-15-intel");
    (void)run({{"RequestType", "EnableRemoteDesktop"}});
    const auto remote = run({{"RequestType", "SecurityInfo"}});
    EXPECT_EQ(*remote.answer.result.dictionary("SecurityInfo")->boolean("RemoteDesktopEnabled"),
              true);
    EXPECT_EQ(machine_state::load(box.save())->remote_desktop, true);
    (void)run({{"RequestType", "DisableRemoteDesktop"}});
    EXPECT_EQ(box.remote_desktop, false);
    const auto intel = run({{"RequestType", "SecurityInfo"}});
    EXPECT_TRUE(intel.answer.result.dictionary("SecurityInfo")->contains("FirmwarePasswordStatus"));
}

TEST_F(command_processor, profile_list_is_complete) {
    store.put(wifi_profile(), origin::mdm);
    store.put(wifi_profile("org.example.user"), origin::user);
    const auto o = run({{"RequestType", "ProfileList"}});
    const auto* list = o.answer.result.list("ProfileList");
    ASSERT_NE(list, nullptr);
    ASSERT_EQ(list->size(), 3U);
    const auto& wifi = *(*list)[1].get<plist::dict>();
    EXPECT_EQ(*wifi.string("PayloadIdentifier"), "org.example.wifi");
    EXPECT_EQ(*wifi.integer("PayloadVersion"), 1);
    EXPECT_FALSE(*wifi.boolean("HasRemovalPasscode"));
    const auto& content = *(*wifi.list("PayloadContent"))[0].get<plist::dict>();
    EXPECT_EQ(keys_of(content), (std::set<std::string>{"PayloadType", "PayloadVersion",
                                                       "PayloadIdentifier", "PayloadUUID"}));
    const auto managed = run({{"RequestType", "ProfileList"}, {"ManagedOnly", true}});
    EXPECT_EQ(managed.answer.result.list("ProfileList")->size(), 2U);
}

TEST_F(command_processor, install_profile_asks_for_the_installation) {
    const auto o =
        run({{"RequestType", "InstallProfile"}, {"Payload", profile::write(wifi_profile())}});
    EXPECT_EQ(o.answer.status, command_status::acknowledged);
    ASSERT_TRUE(std::holds_alternative<effect::install>(o.effect));
    EXPECT_EQ(std::get<effect::install>(o.effect).what->identifier, "org.example.wifi");
    expect_error(run({{"RequestType", "InstallProfile"}, {"Payload", to_bytes("no profile")}}),
                 1000);
}

// MDM-CHK-083.
TEST_F(command_processor, an_update_of_the_mdm_payload_is_renewed_or_refused) {
    auto settings = mdm_settings();
    const auto same = profile_of("org.example.enroll", {mdm_payload_of(settings)});
    EXPECT_TRUE(std::holds_alternative<effect::renew>(
        run({{"RequestType", "InstallProfile"}, {"Payload", profile::write(same)}}).effect));
    settings.server_url += "/other";
    const auto changed = profile_of("org.example.enroll", {mdm_payload_of(settings)});
    expect_error(run({{"RequestType", "InstallProfile"}, {"Payload", profile::write(changed)}}),
                 12012);
}

// MDM-CHK-084: the enrollment profile goes without right 2, others do not.
TEST_F(command_processor, remove_profile) {
    store.put(wifi_profile(), origin::mdm);
    const auto leave =
        run({{"RequestType", "RemoveProfile"}, {"Identifier", "org.example.enroll"}}, 1);
    EXPECT_EQ(leave.answer.status, command_status::acknowledged);
    EXPECT_TRUE(std::holds_alternative<effect::leave>(leave.effect));
    expect_error(run({{"RequestType", "RemoveProfile"}, {"Identifier", "org.example.wifi"}}, 1),
                 12007);
    EXPECT_TRUE(std::holds_alternative<effect::remove>(
        run({{"RequestType", "RemoveProfile"}, {"Identifier", "org.example.wifi"}}).effect));
    expect_error(run({{"RequestType", "RemoveProfile"}, {"Identifier", "org.example.none"}}),
                 12075);
}

TEST_F(command_processor, declarative_management_is_acknowledged_and_asks_for_a_synchronisation) {
    const auto o = run({{"RequestType", "DeclarativeManagement"}, {"Data", to_bytes("{}")}}, 1);
    EXPECT_EQ(o.answer.status, command_status::acknowledged);
    EXPECT_EQ(std::get<effect::synchronise>(o.effect).tokens, to_bytes("{}"));
    EXPECT_EQ(std::get<effect::synchronise>(run({{"RequestType", "DeclarativeManagement"}}).effect)
                  .tokens,
              std::nullopt);
}

// MDM-CHK-068: refused now, and nothing is kept of it.
TEST_F(command_processor, a_power_nap_answers_not_now) {
    power_nap = true;
    const auto o =
        run({{"RequestType", "InstallProfile"}, {"Payload", profile::write(wifi_profile())}});
    EXPECT_EQ(o.answer.status, command_status::not_now);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(o.effect));
    EXPECT_EQ(run({{"RequestType", "DeviceLock"}}).answer.status, command_status::error)
        << "such a command is decided at once";
}

} // namespace
} // namespace pomona::sim::mac
