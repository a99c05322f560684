#include "pomona/faults/injector.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pomona::faults {
namespace {

using testing::ElementsAre;
using testing::Pair;

class injecting : public testing::Test {
  protected:
    std::unique_ptr<net::world> world_ = net::make_virtual_world({.seed = 1, .start = {}});
    std::unique_ptr<trace::recorder> log_ = trace::recorder::create(*world_, {}).value();

    rule of(std::string_view id, std::string_view message = "Idle") {
        rule r;
        r.what = find(id);
        r.with = settings{r.what->parameters};
        r.where = "t.yaml:3";
        r.on_text = message;
        if (!message.empty()) {
            r.on = [wanted = std::string{message}](const trace::event& e) {
                return e.summary.text("Status") == wanted;
            };
        }
        return r;
    }
    static net::exchange_context of_mac(std::string mac) {
        net::exchange_context out;
        out.id = "c1/1";
        out.note = {.who = actor{std::move(mac)}, .channel = "mdm", .cause = 0};
        return out;
    }
    static net::request report(std::string_view status) {
        plist::dict d;
        d.set("Status", std::string{status});
        d.set("UDID", "U");
        return {.method = "PUT", .target = "/mdm", .headers = {}, .body = plist::to_xml(d)};
    }
    /// Which of `count` messages of a Mac are hit.
    static std::vector<int> hits(injector& i, const std::string& mac, int count) {
        std::vector<int> out;
        for (int n = 1; n <= count; ++n) {
            if (i.plan(of_mac(mac), report("Idle"))) {
                out.push_back(n);
            }
        }
        return out;
    }
    injector make(std::uint64_t seed = 7, budget limits = {}) {
        return injector{*world_, *log_, seed, limits};
    }
};

TEST_F(injecting, acts_on_the_named_message_of_macs_only) {
    auto i = make();
    i.add(of("drop-request"));
    EXPECT_TRUE(i.plan(of_mac("mac-0001"), report("Idle")));
    EXPECT_FALSE(i.plan(of_mac("mac-0001"), report("Acknowledged")));
    EXPECT_FALSE(i.plan(of_mac("server"), report("Idle")));
    auto elsewhere = of_mac("mac-0001");
    elsewhere.note.channel = "apns-device";
    EXPECT_FALSE(i.plan(elsewhere, report("Idle")));
}

TEST_F(injecting, keeps_to_every_budget) {
    auto rule_limited = make();
    auto r = of("drop-request");
    r.times = 2;
    r.in_total = 3;
    rule_limited.add(std::move(r));
    EXPECT_THAT(hits(rule_limited, "mac-0001", 5), ElementsAre(1, 2));
    EXPECT_THAT(hits(rule_limited, "mac-0002", 5), ElementsAre(1));
    EXPECT_THAT(hits(rule_limited, "mac-0003", 5), ElementsAre());

    auto run_limited = make(7, {.run = 4, .a_mac = 3});
    run_limited.add(of("drop-request"));
    EXPECT_EQ(hits(run_limited, "mac-0001", 9).size(), 3U);
    EXPECT_EQ(hits(run_limited, "mac-0002", 9).size(), 1U);
}

TEST_F(injecting, what_could_not_be_done_costs_nothing_and_is_counted) {
    auto i = make();
    auto r = of("rst-stream");
    r.times = 1;
    i.add(std::move(r));
    const auto first = i.plan(of_mac("mac-0001"), report("Idle"));
    ASSERT_TRUE(first);
    EXPECT_FALSE(i.plan(of_mac("mac-0001"), report("Idle")));
    i.missed(*first, of_mac("mac-0001"), "it speaks http/1.1");
    EXPECT_TRUE(i.plan(of_mac("mac-0001"), report("Idle")));
    EXPECT_EQ(i.injected(), 0U);
    EXPECT_THAT(i.tallies().front().missed, ElementsAre(Pair("it speaks http/1.1", 1U)));
}

TEST_F(injecting, decisions_are_the_seeds_and_no_other_rule_or_mac_changes_them) {
    const auto drawn = [this](std::uint64_t seed, bool with_another, bool others_first) {
        auto i = make(seed);
        if (with_another) {
            i.add(of("delay-request", "Acknowledged"));
        }
        auto r = of("drop-request");
        r.probability = 0.5;
        i.add(std::move(r));
        if (others_first) {
            hits(i, "mac-0002", 13);
        }
        return hits(i, "mac-0001", 40);
    };
    const auto plain = drawn(7, false, false);
    EXPECT_GT(plain.size(), 8U);
    EXPECT_LT(plain.size(), 32U);
    EXPECT_EQ(drawn(7, false, false), plain);
    EXPECT_EQ(drawn(7, true, false), plain);
    EXPECT_EQ(drawn(7, false, true), plain);
    EXPECT_NE(drawn(8, false, false), plain);
}

TEST_F(injecting, two_macs_are_not_hit_alike) {
    auto i = make();
    auto r = of("drop-request");
    r.probability = 0.5;
    i.add(std::move(r));
    EXPECT_NE(hits(i, "mac-0001", 40), hits(i, "mac-0002", 40));
}

TEST_F(injecting, a_group_may_be_named) {
    auto i = make();
    auto r = of("drop-request");
    r.macs = {"mac-0002"};
    i.add(std::move(r));
    EXPECT_TRUE(hits(i, "mac-0001", 3).empty());
    EXPECT_EQ(hits(i, "mac-0002", 3).size(), 3U);
}

TEST_F(injecting, an_answer_can_be_what_a_rule_waits_for) {
    auto i = make();
    auto r = of("drop-answer");
    r.on = [](const trace::event& e) { return e.summary.text("RequestType") == "ProfileList"; };
    r.on_answer = true;
    i.add(std::move(r));
    plist::dict command;
    command.set("RequestType", "ProfileList");
    plist::dict d;
    d.set("CommandUUID", "C-1");
    d.set("Command", std::move(command));
    const net::response answer{.status = 200, .headers = {}, .body = plist::to_xml(d)};
    EXPECT_FALSE(i.plan(of_mac("mac-0001"), report("Idle")));
    EXPECT_TRUE(i.plan_answer(of_mac("mac-0001"), report("Idle"), answer));
    EXPECT_FALSE(i.plan_answer(of_mac("mac-0001"), report("Idle"), net::response{}));
}

TEST_F(injecting, what_was_done_is_marked_in_the_trace) {
    auto i = make();
    i.add(of("drop-answer"));
    const auto plan = i.plan(of_mac("mac-0001"), report("Idle"));
    ASSERT_TRUE(plan);
    auto where = of_mac("mac-0001");
    where.note.cause = 4;
    const net::response original{.status = 200, .headers = {{"X", "y"}}, .body = to_bytes("body")};
    i.applied(*plan, where, report("Idle"), &original);
    const auto& e = log_->events().back();
    EXPECT_EQ(e.kind, trace::kind::fault);
    EXPECT_EQ(e.name, "drop-answer");
    EXPECT_EQ(e.actor, "mac-0001");
    EXPECT_EQ(e.exchange, "c1/1");
    EXPECT_EQ(e.cause, 4U);
    EXPECT_EQ(e.status, 200U);
    EXPECT_EQ(e.summary.text("rule"), "t.yaml:3");
    EXPECT_EQ(e.summary.text("effect"), "lost");
    EXPECT_EQ(e.summary.text("as"), "reset");
    ASSERT_TRUE(e.body);
    EXPECT_EQ(log_->body(*e.body), to_bytes("body"));
    EXPECT_EQ(i.injected(), 1U);
}

TEST_F(injecting, after_stop_no_rule_acts) {
    auto i = make();
    i.add(of("drop-request"));
    i.stop();
    EXPECT_TRUE(hits(i, "mac-0001", 3).empty());
    i.add(of("drop-request"));
    EXPECT_EQ(hits(i, "mac-0001", 3).size(), 3U);
}

} // namespace
} // namespace pomona::faults
