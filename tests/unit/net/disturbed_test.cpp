// Disturbed exchanges in the virtual world: what the client gets, what the peer got, what the
// observer and the injector are told.
#include "support.hpp"

#include <gmock/gmock.h>

namespace pomona::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using what = disturbance::what;

/// Disturbs the first exchange as it was told to, and tells what it hears.
class one_shot final : public fault_injector {
  public:
    explicit one_shot(disturbance d, bool on_answer = false)
        : plan_{std::make_shared<const disturbance>(std::move(d))}, on_answer_{on_answer} {}
    bool watches(const annotation& by) override { return by.who.value() == "mac-1"; }
    disturbance_ptr plan(const exchange_context&, const request&) override {
        return on_answer_ ? nullptr : std::exchange(plan_, nullptr);
    }
    disturbance_ptr plan_answer(const exchange_context&, const request&, const response&) override {
        return on_answer_ ? std::exchange(plan_, nullptr) : nullptr;
    }
    std::uint64_t applied(const disturbance&, const exchange_context& where, const request& of,
                          const response* original) override {
        said.push_back("applied " + where.id + " cause " + std::to_string(where.note.cause) + " '" +
                       pomona::to_text(bytes_view{of.body}) + "' " +
                       (original == nullptr ? "no answer"
                                            : std::to_string(original->status) + ' ' +
                                                  pomona::to_text(bytes_view{original->body})));
        return 77;
    }
    void missed(const disturbance&, const exchange_context&, std::string why) override {
        said.push_back("missed: " + why);
    }
    std::vector<std::string> said;

  private:
    disturbance_ptr plan_;
    bool on_answer_;
};

disturbance of(what kind) {
    disturbance d;
    d.kind = kind;
    return d;
}

/// One disturbed exchange and one after it on the same connection, if that still works.
struct outcome {
    std::vector<std::string> lines, said;
    std::string first, second;
    duration took{};
    std::size_t served = 0;
};

task<void> converse(world& w, std::shared_ptr<one_shot> injector, std::string body, outcome& out) {
    line_observer seen{w};
    w.observe(&seen);
    w.disturb(injector);
    auto l = w.listen(plain(80), [&out](incoming in) {
                  ++out.served;
                  return echo(std::move(in));
              }).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    const auto began = w.now();
    out.first = co_await exchange_text(w, c, std::move(body));
    out.took = w.now() - began;
    out.lines = seen.lines;
    out.second = co_await exchange_text(w, c, "again");
    out.said = injector->said;
    w.disturb(nullptr);
    w.observe(nullptr);
}

outcome run(disturbance d, std::string body = "hello", bool on_answer = false) {
    outcome out;
    const auto w = world_of();
    EXPECT_TRUE(w->run(
        converse(*w, std::make_shared<one_shot>(std::move(d), on_answer), std::move(body), out)));
    return out;
}

TEST(disturbed_exchange, a_lost_request_never_reaches_the_peer_and_ends_the_connection) {
    const auto out = run(of(what::drop_request));
    EXPECT_EQ(out.first, "<reset after>");
    EXPECT_EQ(out.second, "<reset before>");
    EXPECT_EQ(out.served, 0U);
    EXPECT_THAT(out.lines, ElementsAre("client mac-1 test c1/unsent-1: POST /",
                                       "client mac-1 test c1/unsent-1: reset"));
    EXPECT_THAT(out.said, ElementsAre("applied c1/unsent-1 cause 1 'hello' no answer"));
}

TEST(disturbed_exchange, a_loss_may_show_only_at_the_deadline) {
    auto d = of(what::drop_answer);
    d.lost_as = transport_failure::timeout;
    const auto out = run(d);
    EXPECT_EQ(out.first, "<timeout after>");
    EXPECT_EQ(out.took, 60s);
}

task<void> closed_meanwhile(world& w, disturbance d) {
    w.disturb(std::make_shared<one_shot>(std::move(d)));
    auto l = w.listen(plain(80), echo).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    std::vector<std::string> results;
    w.spawn("exchange", exchange_into(w, c, "hello", results));
    co_await w.sleep_for(2s);
    EXPECT_TRUE(results.empty());
    c->close();
    co_await w.sleep_for(1s);
    EXPECT_EQ(results.size(), 1U);
    EXPECT_THAT(results, testing::Each(testing::StartsWith("<reset")));
    w.disturb(nullptr);
}

TEST(disturbed_exchange, closing_the_connection_ends_what_waits_on_it) {
    auto lost = of(what::drop_answer);
    lost.lost_as = transport_failure::timeout;
    auto late = of(what::delay_answer);
    late.delay = 30s;
    auto unsent = of(what::delay_request);
    unsent.delay = 30s;
    for (const auto& d : {lost, late, unsent}) {
        const auto w = world_of();
        EXPECT_TRUE(w->run(closed_meanwhile(*w, d)));
    }
}

TEST(disturbed_exchange, a_lost_answer_was_given_and_is_told_as_a_failure) {
    const auto out = run(of(what::drop_answer));
    EXPECT_EQ(out.first, "<reset after>");
    EXPECT_EQ(out.served, 1U);
    EXPECT_THAT(out.lines,
                ElementsAre("client mac-1 test c1/1: POST /", "server server http c1/1: POST /",
                            "server server http c1/1: 200 hello", "client mac-1 test c1/1: reset"));
    EXPECT_THAT(out.said, ElementsAre("applied c1/1 cause 1 'hello' 200 hello"));
}

TEST(disturbed_exchange, a_refused_connection_sends_nothing) {
    const auto out = run(of(what::refuse));
    EXPECT_EQ(out.first, "<refused before>");
    EXPECT_EQ(out.served, 0U);
    EXPECT_THAT(out.lines, ElementsAre("client mac-1 test : refused"));
}

TEST(disturbed_exchange, delays_change_nothing_but_the_time) {
    for (const auto kind : {what::delay_request, what::delay_answer}) {
        auto d = of(kind);
        d.delay = 5s;
        const auto out = run(d);
        EXPECT_EQ(out.first, "200 hello");
        EXPECT_EQ(out.second, "200 again");
        EXPECT_GE(out.took, 5s);
        EXPECT_LT(out.took, 6s);
        ASSERT_EQ(out.said.size(), 1U);
        EXPECT_THAT(out.said.front(), HasSubstr("applied c1/1"));
    }
}

TEST(disturbed_exchange, a_delay_beyond_the_deadline_is_a_timeout) {
    auto d = of(what::delay_answer);
    d.delay = 2h;
    const auto out = run(d);
    EXPECT_EQ(out.first, "<timeout after>");
    EXPECT_EQ(out.took, 60s);
}

TEST(disturbed_exchange, a_copy_comes_behind_the_first_answer_and_its_own_is_the_injectors) {
    const auto out = run(of(what::duplicate_request));
    EXPECT_EQ(out.first, "200 hello");
    EXPECT_EQ(out.second, "200 again");
    EXPECT_EQ(out.served, 3U);
    EXPECT_THAT(out.lines,
                ElementsAre("client mac-1 test c1/1: POST /", "server server http c1/1: POST /",
                            "server server http c1/1: 200 hello",
                            "client mac-1 test c1/1: 200 hello", "server server http c1/2: POST /",
                            "server server http c1/2: 200 hello"));
    EXPECT_THAT(out.said, ElementsAre("applied c1/1 cause 1 'hello' 200 hello"));
}

TEST(disturbed_exchange, an_altered_request_is_told_as_it_was_meant) {
    auto d = of(what::alter_request);
    d.alter = [](bytes& body) {
        body = to_bytes("HELLO");
        return true;
    };
    const auto out = run(d);
    EXPECT_EQ(out.first, "200 HELLO"); // the echo of what arrived
    EXPECT_THAT(out.said, ElementsAre("applied c1/1 cause 1 'HELLO' 200 HELLO"));
}

TEST(disturbed_exchange, an_altered_answer_is_what_the_client_gets) {
    auto d = of(what::alter_answer);
    d.alter = [](bytes& body) {
        const bool any = !body.empty();
        body.resize(body.size() / 2);
        return any;
    };
    for (const bool on_answer : {false, true}) {
        const auto out = run(d, "hello", on_answer);
        EXPECT_EQ(out.first, "200 he");
        EXPECT_EQ(out.lines.back(), "client mac-1 test c1/1: 200 he");
        EXPECT_THAT(out.said, ElementsAre("applied c1/1 cause 1 'hello' 200 hello"));
    }
    EXPECT_THAT(run(d, "").said, ElementsAre("missed: the answer has no body"));
}

TEST(disturbed_exchange, another_answer_comes_with_or_without_the_peer) {
    auto d = of(what::answer_instead);
    d.answer.status = 503;
    auto out = run(d);
    EXPECT_EQ(out.first, "503 ");
    EXPECT_EQ(out.served, 1U); // the second exchange's
    EXPECT_EQ(out.second, "200 again");
    d.processed = true;
    out = run(d);
    EXPECT_EQ(out.first, "503 ");
    EXPECT_EQ(out.served, 2U);
    EXPECT_THAT(out.said, ElementsAre("applied c1/1 cause 1 'hello' 200 hello"));
}

TEST(disturbed_exchange, a_wire_fault_is_missed_where_there_is_no_wire) {
    const auto out = run(of(what::wire));
    EXPECT_EQ(out.first, "200 hello");
    EXPECT_THAT(out.said, ElementsAre("missed: there is no wire in the virtual world"));
}

task<void> as_somebody_else(world& w, std::shared_ptr<one_shot> injector) {
    w.disturb(injector);
    auto l = w.listen(plain(80), echo).value();
    auto how = to_plain(w, 80);
    how.note.who = actor{"server"};
    auto c = (co_await w.open(std::move(how))).value();
    EXPECT_EQ(co_await exchange_text(w, c, "hello"), "200 hello");
    EXPECT_TRUE(injector->said.empty());
    w.disturb(nullptr);
}

TEST(disturbed_exchange, connections_that_are_not_watched_are_left_alone) {
    const auto w = world_of();
    EXPECT_TRUE(w->run(as_somebody_else(*w, std::make_shared<one_shot>(of(what::drop_request)))));
}

} // namespace
} // namespace pomona::net
