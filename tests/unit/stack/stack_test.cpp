// The whole of it: twenty Macs enroll in the simulated world, and a seed decides every byte.
#include "pomona/stack/stack.hpp"
#include "pomona/test/temp_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>

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

/// Of the Macs' requests with an identity: connections and ALPN of each Mac.
struct carried_over {
    std::set<std::string> connections, alpn;
};

std::map<std::string, carried_over> carriage(const trace::recorder& r) {
    std::map<std::string, carried_over> out;
    for (const auto& e : r.events()) {
        if (e.kind == trace::kind::request && (e.channel == "checkin" || e.channel == "mdm") &&
            e.at == trace::end::client) {
            out[e.actor].connections.insert(e.exchange.substr(0, e.exchange.rfind('/')));
            out[e.actor].alpn.insert(e.alpn);
        }
    }
    return out;
}

TEST(stack, runs_a_group_over_http_2_and_another_over_http_1_each_mac_on_one_connection) {
    auto how = simulated(1, {});
    how.groups = {
        {.name = "a", .count = 3, .persona = persona},
        {.name = "b", .count = 2, .persona = persona, .http = sim::mac::http_offer::http_1_1}};
    auto made = stack::create(std::move(how));
    ASSERT_TRUE(made) << made.error().message();
    std::size_t enrolled = 0;
    EXPECT_TRUE((*made)->run(enroll_all(**made, enrolled)));
    EXPECT_EQ(enrolled, 5U);
    const auto seen = carriage((*made)->recorder());
    EXPECT_EQ(seen.size(), 5U);
    for (const auto& [mac, over] : seen) {
        const auto* const expected = mac <= "mac-0003" ? "h2" : "http/1.1";
        EXPECT_EQ(over.alpn, std::set<std::string>{expected}) << mac;
        EXPECT_EQ(over.connections.size(), 1U) << mac;
    }
}

net::task<void> refused_over_h2(stack& s) {
    auto refused = co_await s.fleet().at(0).enroll(s.target().enroll_url);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused ? "" : refused.error().at, "profile");
    auto done = co_await s.fleet().at(1).enroll(s.target().enroll_url);
    EXPECT_TRUE(done);
}

TEST(stack, a_server_without_http_2_is_met_over_http_1_unless_the_mac_insists) {
    auto how = simulated(1, {});
    how.server_alpn = {"http/1.1"};
    how.groups = {{.name = "h2", .count = 1, .persona = persona, .http = sim::mac::http_offer::h2},
                  {.name = "any", .count = 1, .persona = persona}};
    auto made = stack::create(std::move(how));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_TRUE((*made)->run(refused_over_h2(**made)));
    const auto seen = carriage((*made)->recorder());
    EXPECT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen.at("mac-0002").alpn, std::set<std::string>{"http/1.1"});
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
