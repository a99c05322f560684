// The tables themselves: what a naive reading of Apple's files gets wrong.
#include "pomona/protocol/schema/tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace pomona::schema {
namespace {

const node& at(area a, std::string_view name, std::initializer_list<std::string_view> path) {
    const auto* n = &find(a, name)->root;
    for (const auto step : path) {
        n = step == "[]" ? &n->children().front() : n->child(step);
        if (n == nullptr) {
            throw std::runtime_error{"no " + std::string{step}};
        }
    }
    return *n;
}

const node* answer(std::string_view command, std::string_view key) {
    for (const auto& n : find_command(command)->answer()) {
        if (n.name() == key) {
            return &n;
        }
    }
    return nullptr;
}

std::vector<std::string_view> texts(std::span<const constant> all) {
    std::vector<std::string_view> out;
    for (const auto& c : all) {
        out.push_back(c.string.view());
    }
    return out;
}

TEST(SchemaVersion, ComparesAsNumbersPartByPart) {
    EXPECT_LT(version::parse("10.9"), version::parse("10.10"));
    EXPECT_LT(version::parse("10.13.6"), version::parse("11.0"));
    EXPECT_EQ(version::parse("15"), version(15, 0));
    EXPECT_EQ(version::parse("15.2 (a)"), version(15, 2));
    EXPECT_FALSE(version::parse("n/a").is_stated());
    EXPECT_FALSE(version::parse("").is_stated());
    EXPECT_FALSE(version::parse("999999999999.1").is_stated());
    EXPECT_EQ(version(10, 13, 6).to_string(), "10.13.6");
}

TEST(SchemaTables, HaveEveryCommandOfMacOSAndNoneOfOthers) {
    // 50 of macOS 15, and two that a seed of 27 adds.
    EXPECT_EQ(std::ranges::count_if(entries(area::command),
                                    [](const entry& e) { return e.root.since() < first_seed; }),
              50);
    EXPECT_NE(find_command("DeviceLock"), nullptr);
    EXPECT_EQ(find_command("EnableLostMode"), nullptr);
    EXPECT_EQ(find_command(""), nullptr);
    EXPECT_EQ(find_command("devicelock"), nullptr);
}

TEST(SchemaTables, AreSortedForLookup) {
    for (const auto a : {area::command, area::checkin, area::error, area::profile,
                         area::declaration, area::status, area::other}) {
        for (const auto& e : entries(a)) {
            EXPECT_EQ(find(a, e.name())->name(), e.name());
            EXPECT_TRUE(std::ranges::is_sorted(e.root.children(), {}, &node::name)) << e.name();
        }
    }
}

TEST(SchemaTables, CommandFactsAreThoseOfTheFile) {
    const auto& lock = find_command("DeviceLock")->root;
    EXPECT_EQ(lock.since(), version(10, 7));
    EXPECT_EQ(lock.right, 4);
    EXPECT_EQ(lock.channel, channels::device);
    EXPECT_EQ(lock.in_user_enrollment(), user_enrollment::forbidden);
    EXPECT_EQ(find_command("UserList")->root.needs, needs::supervised);
    EXPECT_EQ(find_command("DeviceConfigured")->root.needs, needs::ade);
    EXPECT_EQ(find_command("NSExtensionMappings")->root.channel, channels::user);
    EXPECT_EQ(find_command("ProfileList")->root.channel, channels::inherited); // both
}

TEST(SchemaTables, RightsHaveTwoSpellingsForOneBitAndWordsThatAreNone) {
    EXPECT_EQ(find_command("DeviceLock")->root.right, 4);    // AllowPasscodeRemovalAndLock
    EXPECT_EQ(find_command("RestartDevice")->root.right, 4); // the other of its two words
    EXPECT_EQ(find_command("InstalledApplicationList")->root.right, 256);
    EXPECT_EQ(find_command("ActiveNSExtensions")->root.right, 256);
    EXPECT_EQ(find_command("UserList")->root.right, 0); // None
    EXPECT_EQ(find_command("DeclarativeManagement")->root.right, node::right_not_stated);
    EXPECT_EQ(find_command("DeviceInformation")->root.right, node::right_by_query);
    EXPECT_EQ(at(area::command, "DeviceInformation", {"Queries", "[]", "UDID"}).right, 0); // n/a
}

TEST(SchemaTables, QueriesAreNamesWithMarksOfTheirOwn) {
    const auto& query = at(area::command, "DeviceInformation", {"Queries", "[]"});
    EXPECT_EQ(query.type, value_type::string);
    EXPECT_EQ(query.shape, shape_kind::names);
    EXPECT_EQ(query.children().size(), 43U); // 42 of macOS 15, and TimeZone from 26 on
    EXPECT_EQ(query.child("WiFiMAC")->right, 32);
    EXPECT_EQ(query.child("IMEI"), nullptr);
    EXPECT_EQ(query.child("ActiveManagedUsers")->channel, channels::device);
    EXPECT_EQ(query.child("TimeZone")->since(), version(26, 0));
    EXPECT_EQ(at(area::command, "SecurityInfo", {}).children().size(), 0U);
}

TEST(SchemaTables, SettingsAreAUnionToldApartByItem) {
    const auto& settings = at(area::command, "Settings", {"Settings"});
    EXPECT_EQ(settings.shape, shape_kind::any_of);
    std::set<std::string_view> items;
    for (const auto& one : settings.children()) {
        items.insert(one.child("Item")->values().front().string.view());
    }
    EXPECT_THAT(items,
                testing::IsSupersetOf({"Bluetooth", "DeviceName", "HostName", "MDMOptions"}));
    EXPECT_FALSE(items.contains("VoiceRoaming")); // not for Macs
}

TEST(SchemaTables, TheSettingsAnswerIsAnArrayThatMayBeADictionary) {
    const auto* settings = answer("Settings", "Settings");
    ASSERT_NE(settings, nullptr);
    EXPECT_EQ(settings->type, value_type::array);
    EXPECT_TRUE(settings->may_be_single());
    EXPECT_TRUE(settings->is_corrected());
    EXPECT_THAT(texts(settings->children().front().child("Status")->values()),
                testing::ElementsAre("Acknowledged", "Error"));
}

TEST(SchemaTables, ValuesThatStandInProseOnlyAreThere) {
    EXPECT_THAT(texts(answer("DeviceLock", "MessageResult")->values()),
                testing::ElementsAre("Success", "DeviceInLostMode", "NoPasscodeSet", "Unknown"));
    EXPECT_EQ(at(area::command, "EraseDevice", {"PIN"}).extra().most_length, 6U);
}

TEST(SchemaTables, WhatCheckInFilesLackOrOverstateIsCorrected) {
    EXPECT_FALSE(at(area::checkin, "UserAuthenticate", {"DigestResponse"}).is_required());
    EXPECT_EQ(find(area::checkin, "UserAuthenticate")->answer().size(), 2U);
    EXPECT_TRUE(at(area::checkin, "SetBootstrapToken", {"UDID"}).is_required());
    EXPECT_TRUE(at(area::checkin, "GetBootstrapToken", {"UDID"}).is_required());
    EXPECT_EQ(at(area::checkin, "CheckOut", {"UDID"}).in_user_enrollment(),
              user_enrollment::forbidden);
    EXPECT_TRUE(
        at(area::other, "TokensResponse", {"SyncTokens", "DeclarationsToken"}).is_required());
    EXPECT_NE(find(area::other, "Report"), nullptr);
    EXPECT_NE(find(area::other, "Command"), nullptr);
}

TEST(SchemaTables, OneNameInTwoAreasAreTwoEntries) {
    EXPECT_NE(find(area::command, "DeclarativeManagement"),
              find(area::checkin, "DeclarativeManagement"));
    EXPECT_EQ(find_all(area::profile, "com.apple.MCX").size(), 6U);
    EXPECT_EQ(find_all(area::profile, "com.apple.extensiblesso").size(), 2U);
    EXPECT_EQ(find(area::profile, "com.apple.MCX(WiFi)")->type(), "com.apple.MCX");
}

TEST(SchemaTables, FreeKeysAreToldFromNamesWithSpaces) {
    const auto& list = *answer("ManagedApplicationList", "ManagedApplicationList");
    ASSERT_NE(list.free_key(), nullptr); // by bundle identifier
    EXPECT_TRUE(list.free_key()->child("Status")->is_required());
    EXPECT_NE(find(area::profile, "com.apple.MCX(EnergySaver)"), nullptr);
    std::function<bool(const node&, std::string_view, int)> has =
        [&](const node& n, std::string_view name, int depth) {
            return std::ranges::any_of(n.children(), [&](const node& c) {
                return c.name() == name || (depth > 0 && has(c, name, depth - 1));
            });
        };
    EXPECT_TRUE(has(find(area::profile, "com.apple.MCX(EnergySaver)")->root, "Wake on LAN", 6));
    EXPECT_TRUE(has(find(area::profile, "com.apple.loginitems.managed")->root, "Path", 6));
    const auto* cache =
        answer("ContentCachingInformation", "StatusResponse")->child("CacheDetails");
    ASSERT_NE(cache, nullptr);
    EXPECT_NE(cache->free_key(), nullptr); // "Category Name" is no name
}

TEST(SchemaTables, RecursionLeadsBackInsteadOfOnForEver) {
    // com.apple.homescreenlayout is of iOS; this one is of macOS, folders in folders.
    const auto* e = find(area::profile, "com.apple.applicationaccess.new");
    ASSERT_NE(e, nullptr);
    std::set<const node*> seen;
    std::function<void(const node&)> walk = [&](const node& n) {
        for (const auto& c : n.children()) {
            if (seen.insert(&c).second) {
                walk(c);
            }
        }
    };
    walk(e->root);
    EXPECT_LT(seen.size(), 100U);
}

TEST(SchemaTables, KeysOlderThanWhatIsAroundThemAreAsNewAsThat) {
    std::function<void(const node&, version)> later = [&](const node& n, version around) {
        EXPECT_FALSE(n.since().is_stated() && n.since() < around) << n.name();
    };
    for (const auto& e : entries(area::profile)) {
        for (const auto& n : e.root.children()) {
            later(n, e.root.since());
            for (const auto& inner : n.children()) {
                if (n.since().is_stated()) {
                    later(inner, n.since());
                }
            }
        }
    }
}

TEST(SchemaTables, WhatASeedTakesAwayAndAddsIsMarked) {
    EXPECT_EQ(find_command("ScheduleOSUpdate")->root.removed(), first_seed);
    EXPECT_EQ(find_command("ScheduleOSUpdate")->root.deprecated(), version(26, 0));
    EXPECT_EQ(find(area::status, "mdm.push-token")->root.since(), first_seed);
    EXPECT_EQ(
        at(area::declaration, "com.apple.configuration.package", {"UninstallBehavior"}).since(),
        first_seed);
}

TEST(SchemaTables, StatusItemsHaveTheirReasons) {
    const auto* e = find(area::status, "app.managed.list");
    ASSERT_NE(e, nullptr);
    EXPECT_FALSE(e->reasons().empty());
    EXPECT_FALSE(find(area::declaration, "any")->reasons().empty());
}

} // namespace
} // namespace pomona::schema
