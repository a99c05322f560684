// Named faults in the virtual world: which pushes an order meets, and what its provider and its
// device see.
#include "apns/faults.hpp"
#include "bench.hpp"

#include <set>

namespace pomona::sim::apns {
namespace {

const push_token ours{bytes(32, 0x11)};
const push_token other{bytes(32, 0x22)};

unsigned never_asked() {
    ADD_FAILURE() << "chance has no say";
    return 0;
}

TEST(push_fault, has_one_name_and_a_line_for_people) {
    std::set<std::string_view> seen;
    for (const auto one : all_faults()) {
        EXPECT_EQ(find_fault(name_of(one)), one);
        EXPECT_TRUE(seen.insert(name_of(one)).second);
        EXPECT_TRUE(about(one).ends_with('.')) << name_of(one);
    }
    EXPECT_EQ(find_fault("nonsense"), std::nullopt);
}

TEST(push_fault, meets_its_token_and_topic_only_and_as_often_as_ordered) {
    fault_orders orders;
    ASSERT_TRUE(orders.add({.what = fault::delay, .times = 2, .token = ours}));
    ASSERT_TRUE(orders.add({.what = fault::answer, .for_topic = our_topic}));
    EXPECT_EQ(orders.take(other, topic{"org.example.app"}, never_asked), std::nullopt);
    EXPECT_EQ(orders.take(ours, topic{"org.example.app"}, never_asked)->what, fault::delay);
    EXPECT_EQ(orders.take(ours, our_topic, never_asked)->what, fault::delay);
    EXPECT_EQ(orders.take(ours, our_topic, never_asked)->what, fault::answer);
    EXPECT_EQ(orders.take(ours, our_topic, never_asked), std::nullopt);
    EXPECT_TRUE(orders.waiting().empty());
}

TEST(push_fault, meets_by_chance_where_it_is_told_to) {
    fault_orders orders;
    ASSERT_TRUE(orders.add({.what = fault::delay, .times = 2, .percent = 30}));
    EXPECT_EQ(orders.take(ours, our_topic, [] { return 30U; }), std::nullopt);
    EXPECT_TRUE(orders.take(ours, our_topic, [] { return 29U; }));
    EXPECT_EQ(orders.waiting().front().times, 1U);
}

TEST(push_fault, is_one_of_a_bounded_number) {
    fault_orders orders;
    for (std::size_t i = 0; i < fault_orders::most; ++i) {
        ASSERT_TRUE(orders.add({.what = fault::delay}));
    }
    EXPECT_FALSE(orders.add({.what = fault::delay}));
    orders.clear();
    EXPECT_TRUE(orders.add({.what = fault::delay}));
}

/// What the provider sees of one disturbed push.
net::task<std::string> outcome(bench& b, const push_token& token, fault_order order,
                               net::headers extra = {}) {
    b.push->order(std::move(order));
    auto opened = co_await b.world->open(b.provider(b.identity));
    const auto connection = opened.value();
    auto answer = co_await connection->exchange(push_request(token, "{}", std::move(extra)),
                                                b.world->now() + 60s,
                                                {.who = actor{"server"}, .channel = "apns"});
    if (answer) {
        co_return in_words(*answer);
    }
    co_return std::string{net::to_text(answer.error().kind)} +
        (answer.error().after_send ? " after" : " before");
}

net::task<void> each_fault(bench& b) {
    using pomona::apns::reason;
    const auto link = b.link();
    std::size_t delivered = 0;
    const auto token = (co_await link->register_device(
                            actor{"mac-1"}, udid{"mac-1"}, our_topic,
                            [&](delivery) { ++delivered; }, b.world->now() + 10s))
                           .value();
    struct expected {
        fault_order order;
        std::string words;
        std::size_t delivered;
    };
    const std::vector<expected> all{
        {{.what = fault::answer}, "500 InternalServerError", 0},
        {{.what = fault::answer, .reason = reason::forbidden}, "403 Forbidden", 0},
        {{.what = fault::unregistered}, "410 Unregistered", 0},
        {{.what = fault::too_many_requests}, "429 TooManyRequests", 0},
        {{.what = fault::service_unavailable}, "503 ServiceUnavailable", 0},
        {{.what = fault::silent_drop}, "200", 0},
        {{.what = fault::lose_request}, "reset after", 0},
        {{.what = fault::refuse_stream}, "reset before", 0},
        {{.what = fault::close_in_body}, "reset after", 0},
        {{.what = fault::lose_answer}, "reset after", 1},
        {{.what = fault::one_stream}, "200", 1},
        {{.what = fault::delay, .delay = 20s}, "200", 1}};
    for (const auto& one : all) {
        delivered = 0;
        const auto begin = b.world->now();
        const auto said = co_await outcome(b, token, one.order);
        EXPECT_EQ(said, one.words) << name_of(one.order.what);
        EXPECT_EQ(b.world->now() - begin >= 20s, one.order.what == fault::delay);
        co_await b.world->sleep_for(1s);
        EXPECT_EQ(delivered, one.delivered) << name_of(one.order.what);
    }
    // A push that is refused anyway uses no order up.
    b.push->order({.what = fault::delay});
    const auto bad = co_await send_push(b, b.identity, push_request(other, "{}"));
    EXPECT_EQ(in_words(bad), "400 BadDeviceToken");
    EXPECT_EQ(b.push->faults().size(), 1U);
    b.push->clear_faults();
    EXPECT_TRUE(b.push->faults().empty());
}
TEST(push_fault, is_what_its_provider_and_its_device_see) {
    bench b;
    b.run(each_fault(b));
}

net::task<void> instance_goes_away(bench& b) {
    const auto link = b.link();
    std::size_t delivered = 0;
    const auto token = (co_await link->register_device(
                            actor{"mac-1"}, udid{"mac-1"}, our_topic,
                            [&](delivery) { ++delivered; }, b.world->now() + 10s))
                           .value();
    auto opened = co_await b.world->open(b.provider(b.identity));
    const auto connection = opened.value();
    b.push->order({.what = fault::shutdown});
    const auto note = net::annotation{.who = actor{"server"}, .channel = "apns"};
    const auto answer =
        co_await connection->exchange(push_request(token, "{}"), b.world->now() + 10s, note);
    EXPECT_EQ(in_words(answer.value()), "200");
    co_await b.world->sleep_for(1s);
    EXPECT_FALSE(connection->reusable());
    // The device comes back by itself, and a new connection is served.
    co_await b.world->sleep_for(10s);
    const auto again = co_await send_push(b, b.identity, push_request(token, "{}"));
    EXPECT_EQ(in_words(again), "200");
    co_await b.world->sleep_for(1s);
    EXPECT_EQ(delivered, 2U);
    co_await b.push->stop(b.world->now() + 10s);
    const auto late = co_await b.world->open(b.provider(b.identity));
    EXPECT_FALSE(late);
}
TEST(push_service, ends_connections_and_takes_new_ones_until_it_stops) {
    bench b;
    b.run(instance_goes_away(b));
}

} // namespace
} // namespace pomona::sim::apns
