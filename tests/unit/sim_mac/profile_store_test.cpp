// The rules of installed profiles.
#include "mac/profile_store.hpp"
#include "profiles.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace pomona::sim::mac {
namespace {

profile::profile enrollment_profile(const profile::mdm_payload& m = mdm_settings(),
                                    std::string identifier = "org.example.enroll") {
    return profile_of(std::move(identifier), {mdm_payload_of(m)});
}

profile_store enrolled() {
    profile_store store;
    store.put(enrollment_profile(), origin::user);
    return store;
}

TEST(profile_store, replaces_by_identifier_and_keeps_its_place) {
    auto store = enrolled();
    store.put(wifi_profile(), origin::mdm);
    store.put(wifi_profile("org.example.other"), origin::mdm);
    auto update = wifi_profile();
    update.uuid = "NEW";
    EXPECT_EQ(store.check_install(update, origin::mdm), profile_store::change::replaced);
    store.put(update, origin::mdm);
    ASSERT_EQ(store.all().size(), 3U);
    EXPECT_EQ(store.all()[1].content->uuid, "NEW");
    EXPECT_EQ(store.check_install(wifi_profile("org.example.third"), origin::mdm),
              profile_store::change::added);
}

// ENR-102: a second MDM profile is refused, however it comes, unless it updates the first by MDM.
TEST(profile_store, refuses_a_second_mdm_profile) {
    const auto store = enrolled();
    const auto other = enrollment_profile(mdm_settings(), "org.example.second");
    for (const auto from : {origin::user, origin::mdm}) {
        const auto change = store.check_install(other, from);
        ASSERT_FALSE(change);
        EXPECT_EQ(change.error().code, 12001);
        EXPECT_EQ(change.error().domain, "MCMDMErrorDomain");
    }
    EXPECT_FALSE(store.check_install(enrollment_profile(), origin::user));
}

TEST(profile_store, refuses_two_mdm_payloads_in_one_profile) {
    const auto two = profile_of("org.example.two",
                                {mdm_payload_of(mdm_settings()), mdm_payload_of(mdm_settings())});
    EXPECT_FALSE(profile_store{}.check_install(two, origin::user));
}

TEST(profile_store, an_update_of_the_enrollment_by_mdm_is_told_apart) {
    EXPECT_EQ(enrolled().check_install(enrollment_profile(), origin::mdm),
              profile_store::change::enrollment_update);
}

// MDM-CHK-083, ENR-103: Topic, ServerURL, CheckInURL and the user channel are fixed, rights may not
// grow.
TEST(profile_store, an_update_may_not_change_what_is_fixed) {
    auto narrow = mdm_settings();
    narrow.access_rights = 3;
    const std::vector<std::function<void(profile::mdm_payload&)>> changes{
        [](profile::mdm_payload& m) { m.topic = topic{"com.apple.mgmt.other"}; },
        [](profile::mdm_payload& m) { m.server_url += "?x=1"; },
        [](profile::mdm_payload& m) { m.checkin_url += "/"; },
        [](profile::mdm_payload& m) { m.access_rights = 3 | 16; },
        [](profile::mdm_payload& m) {
            m.server_capabilities = {"com.apple.mdm.per-user-connections"};
        }};
    profile_store store;
    store.put(enrollment_profile(narrow), origin::user);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        auto changed = narrow;
        changes[i](changed);
        const auto change = store.check_install(enrollment_profile(changed), origin::mdm);
        ASSERT_FALSE(change) << i;
        EXPECT_EQ(change.error().code, 12012) << i;
    }
    auto fewer = narrow;
    fewer.access_rights = 1;
    EXPECT_TRUE(store.check_install(enrollment_profile(fewer), origin::mdm));
}

TEST(profile_store, a_replacement_of_the_enrollment_needs_its_mdm_payload) {
    const auto change = enrolled().check_install(wifi_profile("org.example.enroll"), origin::mdm);
    ASSERT_FALSE(change);
    EXPECT_EQ(change.error().code, 4015);
}

TEST(profile_store, mdm_removes_what_it_installed_and_the_enrollment_only) {
    auto store = enrolled();
    store.put(wifi_profile("org.example.by-mdm"), origin::mdm);
    store.put(wifi_profile("org.example.by-user"), origin::user);
    EXPECT_TRUE(store.check_remove_by_mdm("org.example.by-mdm"));
    EXPECT_TRUE(store.check_remove_by_mdm("org.example.enroll"));
    ASSERT_FALSE(store.check_remove_by_mdm("org.example.by-user"));
    EXPECT_EQ(store.check_remove_by_mdm("org.example.by-user").error().code, 12013);
    ASSERT_FALSE(store.check_remove_by_mdm("org.example.unknown"));
    EXPECT_EQ(store.check_remove_by_mdm("org.example.unknown").error().code, 12075);
}

} // namespace
} // namespace pomona::sim::mac
