// Idle without a look into the database: when it may be, and what ends it.
#include "scripted_mac.hpp"
#include "store/quiet_channels.hpp"
#include "store/sqlite_store.hpp"

#include <gtest/gtest.h>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;

const time_point start = *from_rfc3339("2026-03-01T12:00:00Z");

presented device(std::string id, std::uint8_t certificate, duration after = 0s) {
    presented who{.certificate = bytes{certificate}, .from = {}, .now = start + after};
    who.from.device = udid{std::move(id)};
    return who;
}

void make_quiet(quiet_channels& q, const presented& who) {
    q.close(who, q.open(who), true);
}

TEST(quiet_channels, nothing_is_known_of_a_channel_that_was_never_idle) {
    quiet_channels q;
    EXPECT_FALSE(q.answers(device("A", 1)));
    EXPECT_FALSE(q.seen("A"));
}

TEST(quiet_channels, an_idle_that_found_nothing_answers_the_next_one_with_the_same_certificate) {
    quiet_channels q;
    make_quiet(q, device("A", 1));
    EXPECT_TRUE(q.answers(device("A", 1, 5s)));
    EXPECT_FALSE(q.answers(device("A", 2, 5s)));
    EXPECT_FALSE(q.answers(device("B", 1, 5s)));
    EXPECT_EQ(q.seen("A"), start + 5s);
}

TEST(quiet_channels, an_idle_that_found_something_does_not) {
    quiet_channels q;
    q.close(device("A", 1), q.open(device("A", 1)), false);
    EXPECT_FALSE(q.answers(device("A", 1)));
}

TEST(quiet_channels, what_is_asked_for_while_an_idle_is_under_way_makes_its_finding_old) {
    quiet_channels q;
    const auto ticket = q.open(device("A", 1));
    q.forget("A");
    q.close(device("A", 1), ticket, true);
    EXPECT_FALSE(q.answers(device("A", 1)));

    const auto first = q.open(device("A", 1));
    const auto second = q.open(device("A", 1));
    q.close(device("A", 1), first, true);
    EXPECT_FALSE(q.answers(device("A", 1)));
    q.close(device("A", 1), second, true);
    EXPECT_TRUE(q.answers(device("A", 1)));
}

TEST(quiet_channels, the_contact_is_stored_from_time_to_time) {
    quiet_channels q;
    make_quiet(q, device("A", 1));
    EXPECT_TRUE(q.answers(device("A", 1, quiet_channels::contact_stored_every - 1s)));
    EXPECT_FALSE(q.answers(device("A", 1, quiet_channels::contact_stored_every)));
}

TEST(quiet_channels, an_idle_mac_costs_no_transaction_and_gets_its_next_command_at_once) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        scripted_mac mac{l, 1};
        co_await l.start();
        co_await mac.enroll();
        EXPECT_TRUE((co_await mac.idle()).body.empty());
        EXPECT_TRUE((co_await mac.idle()).body.empty());
        EXPECT_EQ((co_await l.enqueue(mac.id(), "u-1", "ProfileList", "?nopush=1")).status, 200U);
        EXPECT_FALSE((co_await mac.idle()).body.empty());
    });
}

TEST(quiet_channels, the_store_counts_no_operation_for_it_and_knows_the_contact) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        auto s = open_sqlite_store(l.w(), ":memory:").value();
        auto who = device("A", 1);
        who.now = l.w().now();
        EXPECT_TRUE(co_await s->authenticate(who, {}));
        EXPECT_TRUE(co_await s->token_update(who, {}));
        const auto idle = [&s](presented from) {
            return s->report(std::move(from), mdm::command_status::idle, {}, {}, {});
        };
        EXPECT_EQ((co_await idle(who)).value().verdict, access::allowed);
        const auto before = s->counted().operations;
        who.now += 7s;
        EXPECT_EQ((co_await idle(who)).value().verdict, access::allowed);
        EXPECT_EQ(s->counted().operations, before);
        const auto rows = (co_await s->enrollments({enrollment_id{"A"}}, 1)).value();
        EXPECT_EQ(rows.at(0).last_seen, who.now);
        // Gone with the enrollment.
        EXPECT_TRUE(co_await s->check_out(who));
        EXPECT_EQ((co_await idle(who)).value().verdict, access::unrecognized);
        co_await s->close();
    });
}

} // namespace
} // namespace pomona::server
