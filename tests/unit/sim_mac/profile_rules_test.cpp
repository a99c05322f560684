// Which profiles a Mac takes, and how it says no; MDM-CHK-062 for each refusal.
#include "mac/command_processor.hpp"
#include "mac/error_codes.hpp"
#include "mac/profile_rules.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "profiles.hpp"

#include <gtest/gtest.h>

namespace pomona::sim::mac {
namespace {

using mdm::command_status;
using namespace std::chrono_literals;

profile::profile with_types(std::vector<std::string> types,
                            std::string identifier = "org.example.p") {
    std::vector<profile::payload> all;
    for (auto& type : types) {
        const auto uuid = identifier + ".payload" + std::to_string(all.size());
        all.push_back(payload_of(std::move(type), uuid, {}));
    }
    return profile_of(std::move(identifier), std::move(all));
}

class profile_rules : public testing::Test {
  protected:
    std::int64_t check(const profile::profile& p) {
        const auto verdict = check_content(p, facts);
        return verdict ? 0 : verdict.error().code;
    }
    /// As InstallProfile reports it; 0: acknowledged.
    std::int64_t install(bytes data) {
        const mdm::command c{.uuid = command_uuid{"U"},
                             .request_type = "InstallProfile",
                             .body = {{"RequestType", "InstallProfile"}, {"Payload", data}}};
        device_state state{.machine = hw,
                           .profiles = store,
                           .box = box,
                           .crypto = ctx,
                           .known_profiles = &shelf,
                           .identity = identity ? &*identity : nullptr,
                           .access_rights = 8191,
                           .token = {},
                           .now = {}};
        const auto out = process_command(mdm::write_command(c), state).value();
        if (const auto* done = std::get_if<effect::install>(&out.effect)) {
            installed = done->what;
        }
        return out.answer.errors.empty() ? 0 : out.answer.errors[0].code;
    }
    std::int64_t install_changed(const std::function<void(plist::dict&)>& change) {
        auto d = plist::parse_dict(profile::write(wifi_profile())).value();
        change(d);
        return install(plist::to_xml(std::move(d)));
    }
    static plist::dict& first_payload(plist::dict& d) {
        return *d.find("PayloadContent")->get<plist::array>()->front().get<plist::dict>();
    }

    crypto::context ctx = crypto::context::seeded(as_bytes("profile rules"));
    hardware hw = test_hardware();
    profile_store store;
    machine_state box;
    profile_shelf shelf;
    std::optional<crypto::identity> identity;
    profile_ptr installed;
    install_facts facts{.os_version = "15.1"};
};

// MDM-CHK-062: the domains and codes of Apple's protocol reference.
TEST_F(profile_rules, a_broken_profile_is_refused_with_the_code_of_what_is_wrong) {
    EXPECT_EQ(install(to_bytes("no profile")), 1000);
    EXPECT_EQ(install_changed([](auto& d) { d.set("PayloadVersion", 2); }), 1001);
    EXPECT_EQ(install_changed([](auto& d) { d.erase("PayloadUUID"); }), 1002);
    EXPECT_EQ(install_changed([](auto& d) { d.set("PayloadIdentifier", 3); }), 1003);
    EXPECT_EQ(install({}), 1005);
    EXPECT_EQ(install_changed([](auto& d) {
                  auto& all = *d.find("PayloadContent")->template get<plist::array>();
                  all.push_back(all.front());
              }),
              1007);
    EXPECT_EQ(install_changed([](auto& d) {
                  auto& all = *d.find("PayloadContent")->template get<plist::array>();
                  auto again = *all.front().template get<plist::dict>();
                  again.set("PayloadUUID", "ANOTHER");
                  all.push_back(std::move(again));
              }),
              1008);
    EXPECT_EQ(install_changed([](auto& d) { first_payload(d).erase("PayloadUUID"); }), 2002);
    EXPECT_EQ(install_changed([](auto& d) { first_payload(d).set("PayloadVersion", "1"); }), 2003);
    EXPECT_EQ(install_changed([](auto& d) { first_payload(d).set("PayloadVersion", 2); }), 2004);
    EXPECT_EQ(install_changed([](auto& d) { d.set("TargetDeviceType", 1); }), 4023);
    EXPECT_EQ(install_changed([](auto& d) { d.set("TargetDeviceType", 5); }), 0);
}

TEST_F(profile_rules, payloads_belong_to_their_channel) {
    EXPECT_EQ(check(with_types({"com.apple.MCX.FileVault2"})), 0);
    EXPECT_EQ(check(with_types({"com.apple.webClip.managed"})), 4023) << "for users only";
    facts.user_channel = true;
    EXPECT_EQ(check(with_types({"com.apple.MCX.FileVault2"})), 4023);
    EXPECT_EQ(check(with_types({"com.apple.webClip.managed"})), 0);
    EXPECT_EQ(check(with_types({"com.apple.mdm"})), 4023);
    EXPECT_EQ(check(with_types({"com.apple.wifi.managed"})), 0) << "for both";
}

TEST_F(profile_rules, some_come_by_mdm_only_or_not_in_user_enrollment) {
    EXPECT_EQ(check(with_types({"com.apple.TCC.configuration-profile-policy"})), 0);
    facts.user_approved = false;
    EXPECT_EQ(check(with_types({"com.apple.TCC.configuration-profile-policy"})), 4023);
    EXPECT_EQ(check(with_types({"com.apple.wifi.managed"})), 0);
    facts.user_approved = true;
    facts.from = origin::user;
    EXPECT_EQ(check(with_types({"com.apple.TCC.configuration-profile-policy"})), 4022);
    EXPECT_EQ(check(with_types({"com.apple.wifi.managed"})), 0);
    facts.from = origin::mdm;
    facts.user_enrollment = true;
    EXPECT_EQ(check(with_types({"com.apple.MCX.FileVault2"})), 4023);
    EXPECT_EQ(check(with_types({"com.apple.wifi.managed"})), 0);
}

// On a Mac any preference domain may be a payload.
TEST_F(profile_rules, an_unknown_type_is_taken) {
    EXPECT_EQ(check(with_types({"org.example.browser", "com.apple.not.yet"})), 0);
    facts.from = origin::user;
    facts.user_enrollment = true;
    EXPECT_EQ(check(with_types({"org.example.browser"})), 0);
}

// Schema mdm/profiles, `multiple`.
TEST_F(profile_rules, one_payload_of_a_kind_where_the_schema_has_it_so) {
    const auto first = with_types({"com.apple.MCX.FileVault2"}, "org.example.first");
    const auto second = with_types({"com.apple.MCX.FileVault2"}, "org.example.second");
    EXPECT_FALSE(
        check_singles(with_types({"com.apple.MCX.FileVault2", "com.apple.MCX.FileVault2"}), store));
    EXPECT_TRUE(check_singles(first, store));
    store.put(first, origin::mdm);
    EXPECT_TRUE(check_singles(first, store)) << "it replaces itself";
    EXPECT_FALSE(check_singles(second, store));
    EXPECT_EQ(install(profile::write(second)), 4023);
    EXPECT_TRUE(check_singles(
        with_types({"com.apple.wifi.managed", "com.apple.wifi.managed"}, "org.example.w"), store));
    EXPECT_TRUE(
        check_singles(with_types({"com.apple.MCX", "com.apple.MCX"}, "org.example.m"), store));
}

TEST_F(profile_rules, a_payload_uuid_under_another_identifier_is_a_duplicate) {
    store.put(wifi_profile(), origin::mdm);
    auto other = wifi_profile("org.example.other");
    other.uuid = wifi_profile().uuid;
    EXPECT_EQ(install(profile::write(other)), 1007);
    other.uuid = "ITS-OWN";
    EXPECT_EQ(install(profile::write(other)), 0);
}

TEST_F(profile_rules, encrypted_profiles_are_opened_with_the_identity_of_the_device) {
    const auto key = *crypto::private_key::generate_rsa(ctx);
    crypto::certificate_spec spec;
    spec.subject = {{"CN", "mac"}};
    spec.serial = {1};
    spec.not_before = time_point{};
    spec.not_after = time_point{} + 24h * 365;
    const crypto::identity own{*crypto::self_sign(spec, key), key, {}};
    const auto data = *profile::write_encrypted(ctx, wifi_profile(), own.cert);
    EXPECT_EQ(install(data), 1009) << "there is no identity";
    identity = own;
    EXPECT_EQ(install(data), 0);
    ASSERT_TRUE(installed);
    EXPECT_EQ(installed->payloads.size(), 1U);
    store.put({.content = installed, .from = origin::mdm});
    const auto again = profile_store::load(store.save(), ctx, shelf).value();
    EXPECT_TRUE(again.all()[0].content->is_encrypted);
    // Signed around the encrypted one.
    EXPECT_EQ(install(*crypto::sign_attached(data, own, time_point{} + 1h)), 0);
    EXPECT_TRUE(installed->is_signed);
    EXPECT_TRUE(installed->is_encrypted);
    store.put({.content = installed, .from = origin::mdm});
    EXPECT_EQ(profile_store::load(store.save(), ctx, shelf)->all()[0].content->signer->der(),
              own.cert.der());
}

TEST_F(profile_rules, what_the_user_may_remove) {
    auto locked = with_types({"com.apple.wifi.managed"}, "org.example.locked");
    locked.payloads.push_back(payload_of(std::string{profile::removal_password_type}, "PW",
                                         {{"RemovalPassword", "open sesame"}}));
    store.put(locked, origin::user);
    store.put(wifi_profile("org.example.mdm"), origin::mdm);
    auto fixed = wifi_profile("org.example.fixed");
    fixed.removal_disallowed = true;
    store.put(fixed, origin::user);
    auto enrollment = profile_of("org.example.enroll", {mdm_payload_of(mdm_settings())});
    enrollment.removal_disallowed = true;
    store.put(enrollment, origin::user);
    EXPECT_FALSE(store.check_remove_by_user("org.example.locked", ""));
    EXPECT_TRUE(store.check_remove_by_user("org.example.locked", "open sesame"));
    EXPECT_FALSE(store.check_remove_by_user("org.example.mdm", ""));
    EXPECT_TRUE(store.check_remove_by_user("org.example.fixed", "")) << "by an administrator";
    EXPECT_FALSE(store.check_remove_by_user("org.example.enroll", ""));
    EXPECT_FALSE(store.check_remove_by_user("org.example.none", ""));
    EXPECT_TRUE(store.check_remove_by_mdm("org.example.mdm"));
    EXPECT_EQ(store.check_remove_by_mdm("org.example.fixed").error().code, 12013);
}

TEST_F(profile_rules, equal_profiles_are_there_once) {
    const auto data = profile::write(wifi_profile());
    EXPECT_EQ(install(data), 0);
    const auto first = installed;
    EXPECT_EQ(install(data), 0);
    EXPECT_EQ(installed, first);
    EXPECT_EQ(install(profile::write(wifi_profile("org.example.other"))), 0);
    EXPECT_NE(installed, first);
    EXPECT_EQ(shelf.size(), 2U);
    for (int i = 0; i < 200; ++i) { // what nobody has is forgotten
        EXPECT_EQ(install(profile::write(wifi_profile("org.example.n" + std::to_string(i)))), 0);
    }
    EXPECT_LT(shelf.size(), 100U);
}

// Schema TopLevel: RemovalDate or DurationUntilRemoval, whichever is earlier.
TEST_F(profile_rules, when_a_profile_goes_by_itself) {
    auto p = wifi_profile();
    const time_point now = time_point{} + 100h;
    EXPECT_FALSE(removal_of(p, now));
    p.duration_until_removal = 10h;
    EXPECT_EQ(removal_of(p, now), now + 10h);
    p.removal_date = now + 20h;
    EXPECT_EQ(removal_of(p, now), now + 10h);
    p.removal_date = now + 5h;
    EXPECT_EQ(removal_of(p, now), now + 5h);
    store.put({.content = std::make_shared<const profile::profile>(p),
               .from = origin::mdm,
               .gone_at = now + 5h});
    store.put(wifi_profile("org.example.stays"), origin::mdm);
    EXPECT_EQ(store.next_removal(), now + 5h);
    EXPECT_TRUE(store.due(now).empty());
    EXPECT_EQ(store.due(now + 5h), std::vector<std::string>{"org.example.wifi"});
    const auto again = profile_store::load(store.save(), ctx, shelf).value();
    EXPECT_EQ(again.next_removal(), now + 5h);
    EXPECT_EQ(again.all()[1].from, origin::mdm);
    EXPECT_EQ(again.all()[1].content->identifier, "org.example.stays");
    EXPECT_FALSE(profile_store::load({"x"}, ctx, shelf));
}

// MDM-CHK-083: the keys that account-driven enrollment fixes.
TEST_F(profile_rules, an_update_may_not_change_how_the_mac_was_enrolled) {
    const auto enrollment = [](plist::dict more) {
        auto item = mdm_payload_of(mdm_settings());
        for (const auto& e : more) {
            item.content.set(e.key, e.item);
        }
        return profile_of("org.example.enroll", {item});
    };
    store.put(enrollment({{"EnrollmentMode", "ADDE"}, {"AssignedManagedAppleID", "a@example.com"}}),
              origin::user);
    EXPECT_EQ(install(profile::write(enrollment(
                  {{"EnrollmentMode", "ADDE"}, {"AssignedManagedAppleID", "a@example.com"}}))),
              0);
    EXPECT_EQ(install(profile::write(enrollment(
                  {{"EnrollmentMode", "BYOD"}, {"AssignedManagedAppleID", "a@example.com"}}))),
              12012);
    EXPECT_EQ(install(profile::write(enrollment({{"EnrollmentMode", "ADDE"}}))), 12012);
    EXPECT_EQ(install(profile::write(wifi_profile("org.example.enroll"))), 4015);
}

} // namespace
} // namespace pomona::sim::mac
