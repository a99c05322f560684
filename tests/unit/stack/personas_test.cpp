// Every persona enrolls in the simulated world and looks on the wire as its file says.
#include "pomona/stack/stack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace pomona::stack {
namespace {

using namespace std::chrono_literals;

class every_persona : public testing::TestWithParam<std::string> {};

net::task<void> enroll(stack& s, bool& done) {
    const auto url = s.target().enroll_url;
    const auto outcome = co_await s.fleet().at(0).enroll(url);
    EXPECT_TRUE(outcome) << outcome.error().at << ": " << outcome.error().reason;
    co_await s.world().sleep_for(5min);
    done = outcome.has_value();
}

TEST_P(every_persona, enrolls_and_looks_as_its_file_says) {
    const auto& kind = *sim::mac::find_persona(GetParam());
    stack_options how;
    how.derived_folder = POMONA_TEST_CACHE;
    how.groups = {{.name = "one",
                   .count = 1,
                   .persona = kind.name,
                   .users = {{.short_name = "alice"}, {.short_name = "bob"}}}};
    auto made = stack::create(std::move(how));
    ASSERT_TRUE(made) << made.error().message();
    auto& s = **made;
    bool done = false;
    ASSERT_TRUE(s.run(enroll(s, done)));
    ASSERT_TRUE(done);
    EXPECT_EQ(s.fleet().at(0).now_in(), sim::mac::phase::enrolled);
    bool authenticated = false;
    bool scep = false;
    for (const auto& e : s.recorder().events()) {
        if (e.actor != "mac-0001" || e.kind != trace::kind::request) {
            continue;
        }
        if (e.summary.text("MessageType") == "Authenticate") {
            authenticated = true;
            EXPECT_EQ(e.summary.text("OSVersion"), kind.os_version);
            EXPECT_EQ(e.summary.text("BuildVersion"), kind.build_version);
            EXPECT_EQ(e.summary.text("ProductName"), kind.model);
            EXPECT_EQ(net::find_header(e.headers, "User-Agent"), kind.user_agent);
        }
        if (e.channel == "scep") {
            scep = true;
            EXPECT_TRUE(net::find_header(e.headers, "User-Agent")
                            .value_or("")
                            .ends_with(kind.network_agent));
        }
    }
    EXPECT_TRUE(authenticated && scep);
}

INSTANTIATE_TEST_SUITE_P(personas, every_persona, testing::ValuesIn(sim::mac::persona_names()),
                         [](const auto& about) {
                             auto name = about.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

} // namespace
} // namespace pomona::stack
