// How a trace is prepared: exchanges, Macs, pushes, owners of tokens.
#include "fixtures.hpp"

#include <gmock/gmock.h>

namespace pomona::checks::testing {
namespace {

trace::event made(trace::kind kind, std::string actor, std::string channel, std::string exchange,
                  trace::end at = trace::end::client) {
    trace::event e;
    e.kind = kind;
    e.actor = std::move(actor);
    e.channel = std::move(channel);
    e.exchange = std::move(exchange);
    e.at = at;
    return e;
}

using trace::kind;

TEST(TraceView, PutsAnAnswerToItsRequestThoughOthersAreUnderWay) {
    small_trace t;
    t.add(made(kind::request, "mac-0001", "mdm", "c1/1"));
    t.add(made(kind::request, "mac-0002", "mdm", "c2/1"));
    t.add(made(kind::response, "mac-0002", "mdm", "c2/1"));
    t.add(made(kind::failure, "mac-0001", "mdm", "c1/1"));
    const auto view = t.view();
    const auto& all = view.of_channel("mdm");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].answer->number, 4U);
    EXPECT_FALSE(all[0].answered());
    EXPECT_EQ(all[1].answer->number, 3U);
    EXPECT_TRUE(all[1].answered());
}

TEST(TraceView, LeavesAnExchangeOpenWhenTheRunWasCutOff) {
    small_trace t;
    t.add(made(kind::request, "mac-0001", "mdm", "c1/1"));
    const auto view = t.view();
    ASSERT_EQ(view.of_channel("mdm").size(), 1U);
    EXPECT_EQ(view.of_channel("mdm")[0].answer, nullptr);
    EXPECT_TRUE(view.of_channel("checkin").empty());
}

TEST(TraceView, PairsByCauseWhereNoConnectionCameAbout) {
    small_trace t; // without a connection there is no exchange id
    t.add(made(kind::request, "mac-0001", "mdm", ""));
    t.add(made(kind::request, "mac-0001", "mdm", ""));
    t.add(made(kind::failure, "mac-0001", "mdm", "")).cause = 2;
    t.add(made(kind::failure, "mac-0001", "mdm", "")).cause = 1;
    const auto view = t.view();
    const auto& all = view.of_channel("mdm");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].answer->number, 4U);
    EXPECT_EQ(all[1].answer->number, 3U);
}

TEST(TraceView, ShowsPeersOnlyWhatTheySaidThemselves) {
    const auto verdicts = [](std::string effect) {
        small_trace t;
        t.add(made(kind::request, "mac-0001", "mdm", "c1/1"));
        auto fault = made(kind::fault, "mac-0001", "mdm", "c1/1");
        fault.summary = {{"effect", std::move(effect)}};
        t.add(std::move(fault));
        t.add(made(kind::response, "mac-0001", "mdm", "c1/1")).status = 503;
        t.add(made(kind::request, "mac-0001", "mdm", "c1/2"));
        t.add(made(kind::response, "mac-0001", "mdm", "c1/2")).status = 200;
        const auto view = t.view();
        const auto answered = [](const trace_view& v) {
            std::string out;
            for (const auto& x : v.of_channel("mdm")) {
                out += x.answered() ? 'a' : '-';
            }
            return out + std::to_string(v.of_mac("mac-0001").size());
        };
        return answered(view) + ' ' + answered(view.of_peers());
    };
    EXPECT_EQ(verdicts("other"), "aa5 -a5");
    EXPECT_EQ(verdicts("not known yet"), "aa5 -a5");
    EXPECT_EQ(verdicts("late"), "aa5 aa5");
    EXPECT_EQ(verdicts("twice"), "aa5 aa5");
}

TEST(TraceView, DoesNotReadTheServersOwnEvents) {
    small_trace t;
    t.add(made(kind::request, "mac-0001", "mdm", "c1/1"));
    t.add(made(kind::request, "server", "mdm", "c1/1", trace::end::server));
    t.add(made(kind::response, "server", "mdm", "c1/1", trace::end::server)).cause = 1;
    const auto view = t.view();
    ASSERT_EQ(view.of_channel("mdm").size(), 1U);
    EXPECT_EQ(view.of_channel("mdm")[0].answer, nullptr);
    EXPECT_THAT(view.macs(), ::testing::ElementsAre("mac-0001"));
}

TEST(TraceView, TakesPushesFromThePushServicesEnd) {
    small_trace t;
    t.add(made(kind::request, "server", "apns", "p1/1"));
    t.add(made(kind::request, "apns", "apns", "p1/1", trace::end::server));
    t.add(made(kind::response, "apns", "apns", "p1/1", trace::end::server));
    t.add(made(kind::request, "apns", "apns-device", "d1/1", trace::end::server));
    const auto view = t.view();
    ASSERT_EQ(view.pushes().size(), 1U);
    EXPECT_EQ(view.pushes()[0].request->number, 2U);
    EXPECT_EQ(view.pushes()[0].answer->number, 3U);
}

TEST(TraceView, KnowsWhoseTokenItIs) {
    small_trace t;
    auto& e = t.add(made(kind::request, "mac-0007", "checkin", "c1/1"));
    e.summary = {{"MessageType", "TokenUpdate"}, {"Token", "ab12"}};
    const auto view = t.view();
    EXPECT_EQ(view.mac_of_token("ab12"), "mac-0007");
    EXPECT_EQ(view.mac_of_token("ab13"), "");
}

TEST(TraceView, ListsMacsAndTheirEventsInOrder) {
    small_trace t;
    t.add(made(kind::state, "mac-0002", "", ""));
    t.add(made(kind::state, "operator", "", ""));
    t.add(made(kind::state, "mac-0001", "", ""));
    t.add(made(kind::request, "mac-0002", "mdm", "c1/1"));
    const auto view = t.view();
    EXPECT_THAT(view.macs(), ::testing::ElementsAre("mac-0002", "mac-0001"));
    ASSERT_EQ(view.of_mac("mac-0002").size(), 2U);
    EXPECT_EQ(view.of_mac("mac-0002")[1]->number, 4U);
    EXPECT_TRUE(view.of_mac("mac-0009").empty());
}

TEST(TraceView, HasNoBodyWhereNoneWasKept) {
    small_trace t;
    auto& e = t.add(made(kind::response, "mac-0001", "mdm", "c1/1"));
    EXPECT_EQ(t.view().body(e), std::nullopt);
    e.body = trace::body_ref{"00", 2, false};
    EXPECT_EQ(t.view().body(e), std::nullopt);
    EXPECT_EQ((trace_view{{&e}, {}}.body(e)), std::nullopt);
}

} // namespace
} // namespace pomona::checks::testing
