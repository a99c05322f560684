// Wire faults as raw peers see them: the bytes and frames that leave, and what the client is told.
#include "h2_wire.hpp"

namespace pomona::net {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using fault = wire_fault::what;

/// Every exchange of a test is disturbed by the one fault.
class always final : public fault_injector {
  public:
    explicit always(wire_fault how) {
        disturbance d;
        d.kind = disturbance::what::wire;
        d.wire = how;
        plan_ = std::make_shared<const disturbance>(std::move(d));
    }
    bool watches(const annotation&) override { return true; }
    disturbance_ptr plan(const exchange_context&, const request&) override { return plan_; }
    disturbance_ptr plan_answer(const exchange_context&, const request&, const response&) override {
        return nullptr;
    }
    std::uint64_t applied(const disturbance&, const exchange_context&, const request&,
                          const response*) override {
        said.emplace_back("applied");
        return 0;
    }
    void missed(const disturbance&, const exchange_context&, std::string why) override {
        said.push_back("missed: " + why);
    }
    std::vector<std::string> said;

  private:
    disturbance_ptr plan_;
};

std::string outcome_of(const exchange_result& r) {
    return r ? std::to_string(r->status)
             : std::string{to_text(r.error().kind)} + (r.error().after_send ? " after" : " before");
}

class wire_faults : public h2_wire {
  protected:
    std::shared_ptr<always> disturb(wire_fault how) {
        auto injector = std::make_shared<always>(how);
        world_->disturb(injector);
        return injector;
    }
    /// One disturbed POST of ten octets over plain HTTP/1.1 to a peer that answers when it could
    /// read `expected` octets; what it read.
    std::string over_h1(std::string& outcome, std::size_t expected) {
        std::string seen;
        raw_server server;
        auto run_server = [&]() -> task<> {
            co_await elsewhere([&] {
                if (const auto peer = server.accept()) {
                    seen = expected == 0 ? peer->read_to_end() : peer->read_exactly(expected);
                    peer->write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    peer->read_to_end();
                }
            });
        };
        auto body = [&]() -> task<> {
            task_group group{*world_};
            group.spawn("serve", run_server());
            auto opened = co_await world_->open(to({"127.0.0.1", server.port()}));
            EXPECT_TRUE(opened);
            if (opened) {
                auto r = co_await (*opened)->exchange(post("/x", "0123456789"), soon(), by("m"));
                outcome = outcome_of(r);
                opened->reset();
            }
            co_await group.all_done(soon());
        };
        EXPECT_TRUE(world_->run(body()));
        return seen;
    }
    /// The same over HTTP/2, against `serve`.
    std::string over_h2(std::function<void(raw_stream&)> serve, bool* reusable = nullptr) {
        std::string outcome;
        converse(std::move(serve), [&](std::shared_ptr<connection> c) -> task<> {
            auto r = co_await c->exchange(post("/x", "0123456789"), soon(), by("m"));
            outcome = outcome_of(r);
            if (reusable != nullptr) {
                *reusable = c->reusable();
            }
        });
        return outcome;
    }
    static void answer(raw_stream& peer) {
        peer.write(to_wire({1, 5, 1, "\x88"})); // :status 200, END_HEADERS and END_STREAM
    }
    /// The DATA frames of stream 1 up to its end; a reset is "RST n".
    static std::vector<std::string> data_of(raw_stream& peer) {
        std::vector<std::string> out;
        for (;;) {
            const auto frame = read_frame(peer);
            if (frame.type == 0) {
                out.push_back(frame.payload);
            }
            if (frame.type == 255 || (frame.type == 0 && (frame.flags & 1U) != 0)) {
                return out;
            }
        }
    }
};

TEST_F(wire_faults, a_body_in_chunks_of_http_1_1) {
    const auto injector = disturb({.kind = fault::rechunk, .bytes = 4});
    const std::string chunks = "4\r\n0123\r\n4\r\n4567\r\n2\r\n89\r\n0\r\n\r\n";
    std::string outcome;
    std::string head = "POST /x HTTP/1.1\r\nHost: 127.0.0.1:00000\r\nTransfer-Encoding: "
                       "chunked\r\n\r\n";
    const auto seen = over_h1(outcome, head.size() + chunks.size());
    EXPECT_THAT(seen, EndsWith("Transfer-Encoding: chunked\r\n\r\n" + chunks));
    EXPECT_THAT(seen, Not(HasSubstr("Content-Length")));
    EXPECT_EQ(outcome, "200");
    EXPECT_THAT(injector->said, ElementsAre("applied"));
}

TEST_F(wire_faults, a_body_in_small_data_frames) {
    disturb({.kind = fault::rechunk, .bytes = 4});
    std::vector<std::string> frames;
    EXPECT_EQ(over_h2([&](raw_stream& peer) {
                  frames = data_of(peer);
                  answer(peer);
                  read_to_end(peer);
              }),
              "200");
    EXPECT_THAT(frames, ElementsAre("0123", "4567", "89"));
}

TEST_F(wire_faults, slow_octets_arrive_all_the_same) {
    const auto injector = disturb({.kind = fault::slow_bytes, .bytes = 3, .pause = 2ms});
    std::string outcome;
    const std::string whole =
        "POST /x HTTP/1.1\r\nHost: 127.0.0.1:00000\r\nContent-Length: 10\r\n\r\n0123456789";
    EXPECT_THAT(over_h1(outcome, whole.size()), EndsWith("\r\n\r\n0123456789"));
    EXPECT_EQ(outcome, "200");
    std::vector<std::string> frames;
    EXPECT_EQ(over_h2([&](raw_stream& peer) {
                  frames = data_of(peer);
                  answer(peer);
                  read_to_end(peer);
              }),
              "200");
    EXPECT_THAT(frames, ElementsAre("012", "345", "678", "9"));
    EXPECT_THAT(injector->said, ElementsAre("applied", "applied"));
}

TEST_F(wire_faults, a_truncated_body_ends_with_the_connection) {
    const auto injector = disturb({.kind = fault::truncate_body, .percent = 50});
    std::string outcome;
    EXPECT_THAT(over_h1(outcome, 0), EndsWith("Content-Length: 10\r\n\r\n01234"));
    EXPECT_EQ(outcome, "reset after");
    std::vector<std::string> frames;
    EXPECT_EQ(over_h2([&](raw_stream& peer) { frames = data_of(peer); }), "reset after");
    EXPECT_THAT(frames, ElementsAre("01234"));
    EXPECT_THAT(injector->said, ElementsAre("applied", "applied"));
}

TEST_F(wire_faults, a_stream_is_reset_and_the_connection_goes_on) {
    disturb({.kind = fault::rst_stream, .code = 8});
    bool reusable = false;
    raw_frame reset;
    EXPECT_EQ(over_h2(
                  [&](raw_stream& peer) {
                      reset = await_frame(peer, 3);
                      read_to_end(peer);
                  },
                  &reusable),
              "reset after");
    EXPECT_EQ(reset.stream, 1U);
    EXPECT_EQ(reset.payload, (std::string{'\0', '\0', '\0', '\x08'}));
    EXPECT_TRUE(reusable);
}

TEST_F(wire_faults, goaway_comes_behind_a_request_that_is_answered) {
    disturb({.kind = fault::goaway, .code = 0});
    bool reusable = true;
    bool said = false;
    EXPECT_EQ(over_h2(
                  [&](raw_stream& peer) {
                      said = await_frame(peer, 7).type == 7;
                      answer(peer);
                      read_to_end(peer);
                  },
                  &reusable),
              "200");
    EXPECT_TRUE(said);
    EXPECT_FALSE(reusable);
}

TEST_F(wire_faults, faults_of_http_2_are_missed_over_http_1_1) {
    for (const auto kind : {fault::rst_stream, fault::goaway}) {
        const auto injector = disturb({.kind = kind});
        std::string outcome;
        const std::string whole =
            "POST /x HTTP/1.1\r\nHost: 127.0.0.1:00000\r\nContent-Length: 10\r\n\r\n0123456789";
        over_h1(outcome, whole.size());
        EXPECT_EQ(outcome, "200");
        EXPECT_THAT(injector->said,
                    ElementsAre("missed: the connection speaks HTTP/1.1, this fault needs h2"));
    }
}

TEST_F(wire_faults, a_reset_comes_behind_the_request) {
    const auto injector = disturb({.kind = fault::reset});
    std::string outcome;
    over_h1(outcome, 0);
    EXPECT_EQ(outcome, "reset after");
    EXPECT_EQ(over_h2([&](raw_stream& peer) { read_to_end(peer); }), "reset after");
    EXPECT_THAT(injector->said, ElementsAre("applied", "applied"));
}

TEST_F(wire_faults, a_fatal_alert_comes_in_place_of_the_request) {
    for (const auto* const alpn : {"http/1.1", "h2"}) {
        const auto injector = disturb({.kind = fault::tls_alert});
        raw_server server;
        const auto identity = ca_.issue({"127.0.0.1"});
        std::string seen;
        int alert = -1;
        auto run_server = [&]() -> task<> {
            co_await elsewhere([&] {
                if (const auto peer = server.accept_tls(identity, alpn)) {
                    seen = peer->read_to_end();
                    alert = peer->alert();
                }
            });
        };
        std::string outcome;
        auto body = [&]() -> task<> {
            task_group group{*world_};
            group.spawn("serve", run_server());
            auto opened = co_await world_->open(to_secure({"127.0.0.1", server.port()}, {alpn}));
            EXPECT_TRUE(opened);
            if (opened) {
                auto r = co_await (*opened)->exchange(post("/x", "0123456789"), soon(), by("m"));
                outcome = outcome_of(r);
                opened->reset();
            }
            co_await group.all_done(soon());
        };
        ASSERT_TRUE(world_->run(body()));
        EXPECT_THAT(outcome, AnyOf("reset before", "reset after")) << alpn;
        EXPECT_THAT(seen, Not(HasSubstr("0123456789"))) << alpn;
        EXPECT_EQ(alert, 20) << alpn; // bad_record_mac
        EXPECT_THAT(injector->said, ElementsAre("applied")) << alpn;
    }
}

} // namespace
} // namespace pomona::net
