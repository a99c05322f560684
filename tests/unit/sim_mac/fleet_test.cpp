// Fleets: names, groups, identifiers of their own.
#include "pomona/foundation/uuid.hpp"
#include "pomona/sim/fleet/fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace pomona::sim::fleet {
namespace {

struct fleet_of : testing::Test {
    std::unique_ptr<net::world> world = net::make_virtual_world({.seed = 5, .start = {}});
    std::unique_ptr<trace::recorder> recorder = trace::recorder::create(*world, {}).value();
    apns::device_link link{*world, {}};

    ~fleet_of() override { world->shutdown(); }
    [[nodiscard]] mac::environment env() const {
        return {.world = *world,
                .recorder = *recorder,
                .push = const_cast<apns::device_link&>(link),
                .system_trust = nullptr};
    }
    [[nodiscard]] std::vector<crypto::private_key> keys(std::size_t count) const {
        // The kind of key does not matter to what is tested here.
        return {count, crypto::private_key::generate_p256(world->crypto()).value()};
    }
};

TEST_F(fleet_of, names_run_through_and_identifiers_are_unique) {
    const auto made = fleet::create(
        env(), {{"a", 30, "macos-15-apple-silicon"}, {"b", 20, "macos-26-apple-silicon"}},
        keys(50));
    ASSERT_TRUE(made);
    auto& f = **made;
    ASSERT_EQ(f.size(), 50U);
    EXPECT_EQ(f.at(0).who().value(), "mac-0001");
    EXPECT_EQ(f.at(49).who().value(), "mac-0050");
    EXPECT_EQ(f.members("b").front(), 30U);
    EXPECT_EQ(f.members("b").size(), 20U);
    EXPECT_TRUE(f.members("c").empty());
    std::set<std::string> seen;
    for (std::size_t i = 0; i < f.size(); ++i) {
        const auto& m = f.at(i).machine();
        EXPECT_TRUE(is_uuid(m.device.value()));
        EXPECT_EQ(m.serial.value().size(), 10U);
        EXPECT_TRUE(std::ranges::none_of(m.device.value(), [](char c) { return c >= 'a'; }));
        EXPECT_TRUE(seen.insert(m.device.value()).second);
        EXPECT_TRUE(seen.insert(m.serial.value()).second);
        EXPECT_TRUE(seen.insert(m.wifi_mac).second);
    }
}

TEST_F(fleet_of, an_unknown_persona_and_missing_keys_are_errors) {
    EXPECT_FALSE(fleet::create(env(), {{"a", 1, "macos-9"}}, keys(1)));
    EXPECT_FALSE(fleet::create(env(), {{"a", 2, "macos-15-intel"}}, keys(1)));
}

TEST(personas, all_can_be_found_and_say_what_they_are) {
    EXPECT_GE(mac::persona_names().size(), 4U);
    for (const auto& name : mac::persona_names()) {
        const auto* p = mac::find_persona(name);
        ASSERT_NE(p, nullptr);
        EXPECT_FALSE(p->model.empty() || p->os_version.empty() || p->build_version.empty());
        if (p->is_mac()) {
            EXPECT_EQ(p->apple_silicon, !p->chip.empty());
            EXPECT_TRUE(p->user_agent.starts_with("MDM-OSX/1.0 mdmclient/"));
        }
    }
    EXPECT_EQ(mac::find_persona("windows"), nullptr);
}

} // namespace
} // namespace pomona::sim::fleet
