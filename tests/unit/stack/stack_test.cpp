// The whole of it: twenty Macs enroll in the simulated world, and a seed decides every byte.
#include "pomona/stack/stack.hpp"
#include "pomona/test/temp_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace pomona::stack {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t mac_count = 20;
constexpr auto persona = "macos-15-apple-silicon";

stack_options simulated(std::uint64_t seed, std::filesystem::path folder) {
    stack_options out;
    out.derived_folder = POMONA_TEST_CACHE;
    out.seed = seed;
    out.trace_folder = std::move(folder);
    out.groups = {{.name = "all", .count = mac_count, .persona = persona}};
    return out;
}

net::task<void> enroll_one(stack& s, std::size_t index, std::size_t& enrolled) {
    auto done = co_await s.fleet().at(index).enroll(s.target().enroll_url);
    EXPECT_TRUE(done) << done.error().at << ": " << done.error().reason;
    enrolled += done.has_value() ? 1 : 0;
}

net::task<void> enroll_all(stack& s, std::size_t& enrolled) {
    net::task_group all{s.world()};
    for (std::size_t i = 0; i < s.fleet().size(); ++i) {
        all.spawn("enroll", enroll_one(s, i, enrolled));
    }
    EXPECT_TRUE(co_await all.all_done(s.world().now() + 1h));
    // What follows an enrollment by itself (first commands, synchronisation) belongs to it.
    co_await s.world().sleep_for(5min);
}

/// Enrolls the fleet; the folder's files by name, but for what only names the run itself.
std::map<std::string, std::string> run_once(std::uint64_t seed) {
    const test::temp_folder temp;
    const auto folder = temp.path() / "run";
    auto made = stack::create(simulated(seed, folder));
    EXPECT_TRUE(made) << made.error().message();
    if (!made) {
        return {};
    }
    auto& s = **made;
    std::size_t enrolled = 0;
    EXPECT_TRUE(s.run(enroll_all(s, enrolled)));
    EXPECT_EQ(enrolled, mac_count);
    for (std::size_t i = 0; i < s.fleet().size(); ++i) {
        EXPECT_EQ(s.fleet().at(i).now_in(), sim::mac::phase::enrolled);
    }
    EXPECT_TRUE(s.recorder().finish());
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (entry.is_regular_file()) {
            out[entry.path().lexically_relative(folder).string()] = test::content_of(entry.path());
        }
    }
    return out;
}

TEST(stack, gives_a_byte_identical_trace_for_one_seed_and_another_for_another) {
    const auto first = run_once(1);
    ASSERT_TRUE(first.contains("trace.ndjson"));
    EXPECT_GT(first.size(), mac_count); // bodies too
    const auto second = run_once(1);
    // Not EXPECT_EQ on the maps: a failure would print megabytes.
    EXPECT_TRUE(first == second);
    if (first != second) {
        for (const auto& [name, content] : first) {
            const auto other = second.find(name);
            EXPECT_TRUE(other != second.end() && other->second == content) << name;
        }
    }
    const auto other = run_once(2);
    EXPECT_NE(first.at("trace.ndjson").substr(0, 4096), other.at("trace.ndjson").substr(0, 4096));
}

TEST(stack, describes_its_server_as_a_target) {
    auto how = simulated(1, {});
    how.groups.clear();
    how.api_key = "secret";
    auto made = stack::create(std::move(how));
    ASSERT_TRUE(made) << made.error().message();
    const auto& t = (*made)->target();
    EXPECT_EQ(t.name, "reference");
    EXPECT_TRUE(t.enroll_url.starts_with(t.url));
    EXPECT_EQ(t.api.key, "secret");
    EXPECT_EQ(t.apns.port, (*made)->apns()->local().port);
    EXPECT_NE(t.trust.find("BEGIN CERTIFICATE"), std::string::npos);
    EXPECT_NE(t.apns.trust, t.trust);
}

TEST(stack, refuses_what_the_simulated_world_cannot_do) {
    stack_options elsewhere;
    elsewhere.external = pomona::stack::target{};
    EXPECT_EQ(stack::create(std::move(elsewhere)).error().code, errc::unusable);
    const test::temp_folder temp;
    stack_options kept;
    kept.data_folder = temp.path();
    EXPECT_EQ(stack::create(std::move(kept)).error().code, errc::unusable);
}

TEST(stack, needs_certificates_of_an_external_target) {
    stack_options how;
    how.world = world_kind::real;
    how.external = pomona::stack::target{};
    how.external->trust = "no PEM";
    const auto made = stack::create(std::move(how));
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().detail.find("trust"), std::string::npos);
}

} // namespace

} // namespace pomona::stack
