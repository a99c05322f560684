#include "html_selection.hpp"
#include "sample_run.hpp"

#include <gmock/gmock.h>

#include <deque>

namespace pomona::reports {
namespace {

using testing::ElementsAre;
using trace::kind;

struct log {
    std::deque<trace::event> events;
    std::vector<const trace::event*> all;

    trace::event& add(std::string actor, kind k, std::string channel = {},
                      trace::fields summary = {}) {
        events.push_back(sample::event(events.size() + 1, std::move(actor), k, std::move(channel),
                                       std::move(summary)));
        all.push_back(&events.back());
        return events.back();
    }
};

TEST(html_selection, a_servers_event_belongs_to_the_mac_it_deals_with) {
    log l;
    l.add("mac-0001", kind::request, "checkin", {{"Token", "aa"}}).exchange = "c1-1";
    l.add("server", kind::request, "checkin").exchange = "c1-1";
    l.add("server", kind::request, "apns", {{"Token", "aa"}}).exchange = "c2-1";
    l.add("apns", kind::response, "apns").cause = 3;
    l.add("operator", kind::request, "api");
    const auto whose = attribute(l.all);
    EXPECT_THAT(whose.macs, ElementsAre("mac-0001"));
    EXPECT_THAT(whose.mac_of, ElementsAre(0, 0, 0, 0, no_mac));
}

TEST(html_selection, a_report_is_told_which_command_it_answers) {
    log l;
    l.add("mac-0001", kind::response, "mdm",
          {{"CommandUUID", "u"}, {"RequestType", "ProfileList"}});
    l.add("mac-0001", kind::request, "mdm", {{"CommandUUID", "u"}, {"Status", "NotNow"}});
    EXPECT_THAT(attribute(l.all).command_of, ElementsAre("ProfileList", "ProfileList"));
}

TEST(html_selection, everything_is_kept_up_to_the_limit_and_failed_macs_come_first) {
    log l;
    l.add("mac-0001", kind::state);
    l.add("mac-0002", kind::state);
    const auto chosen = select(sample::run(), l.all, attribute(l.all), 2);
    EXPECT_THAT(chosen.kept, ElementsAre(true, true));
    EXPECT_THAT(chosen.order, ElementsAre(1, 0));
    EXPECT_EQ(chosen.named, 1U);
}

TEST(html_selection, beyond_the_limit_whole_macs_are_left_out_but_never_a_finding) {
    log l;
    for (int i = 0; i < 3; ++i) {
        l.add("mac-0001", kind::state);
    }
    l.add("server", kind::state); // event 4: the finding of the sample run
    l.add("mac-0002", kind::state);
    l.add("mac-0003", kind::state);
    const auto chosen = select(sample::run(), l.all, attribute(l.all), 4);
    // Events 3 and 4 are pointed at; mac-0002 failed; mac-0001 is whose event 3 is.
    EXPECT_TRUE(chosen.kept[2]);
    EXPECT_TRUE(chosen.kept[3]);
    EXPECT_TRUE(chosen.kept[4]);
    EXPECT_FALSE(chosen.kept[5]);
    EXPECT_LE(std::ranges::count(chosen.kept, true), 4);
    EXPECT_GT(chosen.omitted_events, 0U);
    EXPECT_GT(chosen.omitted_macs, 0U);
}

} // namespace
} // namespace pomona::reports
