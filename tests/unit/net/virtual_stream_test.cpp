#include "support.hpp"

#include <algorithm>

namespace pomona::net {

namespace {

struct stream_server {
    std::shared_ptr<message_queue> queue;
    bool client_gone = false;
};

task<reply> open_stream(world& w, stream_server& s, incoming in) {
    reply out;
    if (in.what.target != "/stream") {
        out.what.status = 404;
        co_return out;
    }
    s.queue = std::make_shared<message_queue>(w);
    s.queue->on_closed = [&s] { s.client_gone = true; };
    out.stream = s.queue;
    co_return out;
}

handler streaming(world& w, stream_server& s) {
    return [&w, &s](incoming in) { return open_stream(w, s, std::move(in)); };
}

request get(std::string target) {
    request out;
    out.target = std::move(target);
    return out;
}

task<std::string> next_text(world& w, message_stream& s, duration within) {
    auto m = co_await s.next(w.now() + within);
    co_return m ? pomona::to_text(bytes_view{m->data})
                : "<" + std::string{to_text(m.error().kind)} + ">";
}

task<void> read_in_order(world& w) {
    line_observer seen{w};
    w.observe(&seen);
    stream_server server;
    auto l = w.listen(plain(80), streaming(w, server)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    auto s = (co_await c->subscribe(get("/stream"), w.now() + 10s, by("mac-1"))).value();
    EXPECT_EQ(co_await next_text(w, *s, 1s), "<timeout>");
    for (int i = 0; i < 5; ++i) {
        server.queue->push(to_bytes(std::to_string(i)));
    }
    server.queue->close();
    std::string all;
    for (int i = 0; i < 5; ++i) {
        all += co_await next_text(w, *s, 1s);
    }
    EXPECT_EQ(all, "01234");
    EXPECT_EQ(co_await next_text(w, *s, 1s), "<reset>");
    EXPECT_FALSE(server.client_gone);
    EXPECT_EQ(std::ranges::count(seen.lines, "server server http c1/1: message 3"), 1);
    EXPECT_EQ(std::ranges::count(seen.lines, "client mac-1 test c1/1: message 3"), 1);
    EXPECT_EQ(seen.lines.size(), 4U + 10U);
    w.observe(nullptr);
}

/// How the client goes: closing the stream, dropping it, or closing or dropping the connection.
enum class farewell { close_stream, drop_stream, close_connection, drop_connection };

task<void> client_goes(world& w, farewell how) {
    stream_server server;
    auto l = w.listen(plain(80), streaming(w, server)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    auto s = (co_await c->subscribe(get("/stream"), w.now() + 10s, by("mac-1"))).value();
    server.queue->push(to_bytes("x"));
    EXPECT_EQ(co_await next_text(w, *s, 1s), "x");
    switch (how) {
    case farewell::close_stream:
        s->close();
        break;
    case farewell::drop_stream:
        s.reset();
        break;
    case farewell::close_connection:
        c->close();
        break;
    case farewell::drop_connection:
        c.reset();
        break;
    }
    EXPECT_FALSE(server.client_gone) << "the news travels";
    co_await w.sleep_for(1s);
    EXPECT_TRUE(server.client_gone);
    EXPECT_TRUE(server.queue->closed());
    if (s) {
        EXPECT_EQ(co_await next_text(w, *s, 1s), "<reset>");
    }
}

task<void> server_goes(world& w) {
    stream_server server;
    auto l = w.listen(plain(80), streaming(w, server)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    auto s = (co_await c->subscribe(get("/stream"), w.now() + 10s, by("mac-1"))).value();
    l.reset();
    EXPECT_EQ(co_await next_text(w, *s, 1s), "<reset>");
    co_await w.sleep_for(1s);
    EXPECT_TRUE(server.queue->closed());
}

task<void> other_answers(world& w) {
    stream_server server;
    auto l = w.listen(plain(80), streaming(w, server)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    auto r = co_await c->subscribe(get("/other"), w.now() + 10s, by("mac-1"));
    EXPECT_FALSE(r);
    EXPECT_EQ(std::get<response>(r.error()).status, 404U);
    EXPECT_TRUE(c->reusable());

    auto lines = w.listen(plain(81), echo).value();
    auto d = (co_await w.open(to_plain(w, 81))).value();
    auto s = (co_await d->subscribe(post("one\ntwo\n"), w.now() + 10s, by("mac-1"))).value();
    EXPECT_EQ(co_await next_text(w, *s, 1s), "one");
    EXPECT_EQ(co_await next_text(w, *s, 1s), "two");
    EXPECT_EQ(co_await next_text(w, *s, 1s), "<reset>");
    c->close();
    auto late = co_await c->subscribe(get("/stream"), w.now() + 10s, by("mac-1"));
    EXPECT_EQ(std::get<transport_error>(late.error()).kind, transport_failure::reset);
}

task<void> push_two(world& w, stream_server& server) {
    co_await w.sleep_for(1s);
    server.queue->push(to_bytes("one"));
    server.queue->push(to_bytes("two"));
    co_await w.sleep_for(1s);
    server.queue->close();
}

task<void> exchange_for_a_stream(world& w) {
    stream_server server;
    auto l = w.listen(plain(80), streaming(w, server)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    w.spawn("push", push_two(w, server));
    auto r = co_await c->exchange(get("/stream"), w.now() + 10s, by("mac-1"));
    EXPECT_EQ(pomona::to_text(bytes_view{r.value().body}), "one\ntwo\n");
    auto late = co_await c->exchange(get("/stream"), w.now() + 10s, by("mac-1"));
    EXPECT_EQ(late.error().kind, transport_failure::timeout);
    co_await w.sleep_for(1s);
    EXPECT_TRUE(server.client_gone);
}

task<void> flood_an_unread_stream(world& w) {
    stream_server server;
    auto l = w.listen(plain(80), streaming(w, server)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    auto s = (co_await c->subscribe(get("/stream"), w.now() + 10s, by("mac-1"))).value();
    for (int i = 0; i < 20'000; ++i) {
        server.queue->push(to_bytes(std::to_string(i)));
        if (i % 100 == 0) {
            co_await w.sleep_for(1ms);
        }
    }
    // 1000 on the way, 10000 in the queue, the oldest of the rest dropped.
    server.queue->close();
    int count = 0;
    while (co_await s->next(w.now() + 1s)) {
        ++count;
    }
    EXPECT_EQ(count, 11'000);
}

task<void> leave_streams_open(world& w, std::vector<std::shared_ptr<message_stream>>& kept,
                              stream_server& server) {
    auto l = w.listen(plain(80), streaming(w, server)).value();
    auto c = (co_await w.open(to_plain(w, 80))).value();
    kept.push_back((co_await c->subscribe(get("/stream"), w.now() + 10s, by("mac-1"))).value());
    w.interrupt();
    (void)co_await kept.back()->next(never);
}

} // namespace

TEST(virtual_stream, messages_come_in_order_and_are_told_at_both_ends) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        auto w = make_virtual_world({.seed = seed, .start = {}});
        EXPECT_TRUE(w->run(read_in_order(*w)));
    }
}

TEST(virtual_stream, the_server_learns_that_the_client_has_gone) {
    for (const auto how : {farewell::close_stream, farewell::drop_stream,
                           farewell::close_connection, farewell::drop_connection}) {
        auto w = make_virtual_world({.seed = 1, .start = {}});
        EXPECT_TRUE(w->run(client_goes(*w, how)));
    }
}

TEST(virtual_stream, the_client_learns_that_the_server_has_gone) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_TRUE(w->run(server_goes(*w)));
}

TEST(virtual_stream, answers_that_are_no_stream) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_TRUE(w->run(other_answers(*w)));
}

TEST(virtual_stream, a_plain_exchange_reads_it_to_its_end_or_its_deadline) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_TRUE(w->run(exchange_for_a_stream(*w)));
}

TEST(virtual_stream, a_client_that_does_not_read_bounds_what_is_kept) {
    auto w = make_virtual_world({.seed = 1, .start = {}});
    EXPECT_TRUE(w->run(flood_an_unread_stream(*w)));
}

TEST(virtual_stream, shutdown_with_open_streams_leaves_nothing_alive) {
    stream_server server;
    auto w = make_virtual_world({.seed = 1, .start = {}});
    std::vector<std::shared_ptr<message_stream>> kept;
    EXPECT_FALSE(w->run(leave_streams_open(*w, kept, server)));
    w->shutdown();
    kept.clear();
    server.queue.reset();
}

} // namespace pomona::net
