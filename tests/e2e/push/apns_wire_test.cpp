// The server's link to APNs against a raw peer: what is refused, split by GOAWAY or lost, frame by
// frame.
#include "push/apns_link.hpp"
#include "raw_peer.hpp"
#include "support.hpp"

#include <map>
#include <set>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;
using net::raw_frame;
using net::raw_stream;
using net::to_wire;

/// One push as the peer saw it: its body says which it is.
struct seen_push {
    std::size_t connection = 0;
    std::uint32_t stream = 0;
    std::string body;
};

/// What a peer does with the connections that come, one after the other.
using connection_script = std::function<void(std::size_t connection, raw_stream& peer)>;

class apns_wire : public net::over_sockets {
  protected:
    /// Sends `count` pushes at once through one link to `script`; how many were accepted.
    std::size_t push(std::size_t count, std::size_t connections, const connection_script& script) {
        net::raw_server apns;
        const auto identity = ca_.issue({"127.0.0.1"});
        auto serve = [&]() -> net::task<> {
            co_await elsewhere([&] {
                for (std::size_t i = 0; i < connections; ++i) {
                    const auto peer = apns.accept_tls(identity, "h2");
                    if (!peer) {
                        return;
                    }
                    peer->read_exactly(24); // the preface
                    peer->write(to_wire({4, 0, 0, {}}));
                    script(i, *peer);
                }
            });
        };
        std::size_t accepted = 0;
        auto body = [&]() -> net::task<> {
            apns_link link{*world_, {"127.0.0.1", apns.port()}, ca_.trust()};
            net::task_group all{*world_};
            all.spawn("serve", serve());
            auto one = [&](std::size_t number) -> net::task<> {
                auto answer = co_await link.send(net::post("/3/device/aa", std::to_string(number)),
                                                 net::by("server"));
                accepted += answer && answer->status == 200 ? 1 : 0;
            };
            net::task_group pushes{*world_};
            for (std::size_t i = 0; i < count; ++i) {
                pushes.spawn("push", one(i));
            }
            co_await pushes.all_done(soon());
            opened_ = link.opened();
            link.close();
            co_await all.all_done(soon());
        };
        EXPECT_TRUE(world_->run(body()));
        return accepted;
    }

    /// The next whole request; an empty body at the end of the connection.
    seen_push next(std::size_t connection, raw_stream& peer) {
        for (;;) {
            const auto frame = net::read_frame(peer);
            if (frame.type == 255) {
                return {connection, 0, {}};
            }
            auto& body = bodies_[{connection, frame.stream}];
            if (frame.type == 0) {
                body += frame.payload;
            }
            if ((frame.type == 0 || frame.type == 1) && (frame.flags & 1) != 0) {
                return {connection, frame.stream, body};
            }
        }
    }
    static std::string accept(const seen_push& p) {
        return to_wire({1, 5, p.stream, "\x88"}); // ":status: 200"
    }
    /// Until the link closes.
    void accept_all(std::size_t connection, raw_stream& peer) {
        for (auto p = next(connection, peer); p.stream != 0; p = next(connection, peer)) {
            delivered_.push_back(p.body);
            peer.write(accept(p));
        }
    }
    void expect_each_delivered_once(std::size_t count) const {
        EXPECT_EQ(delivered_.size(), count);
        EXPECT_EQ(std::set(delivered_.begin(), delivered_.end()).size(), count);
    }

    std::map<std::pair<std::size_t, std::uint32_t>, std::string> bodies_;
    std::vector<std::string> delivered_;
    unsigned opened_ = 0;
    unsigned acks_ = 0;
};

// Observed (apns.md section 4): after a push that it rejects APNs may allow one stream only, and
// refuses what is above.
TEST_F(apns_wire, a_limit_that_drops_to_one_in_mid_run_loses_and_doubles_nothing_APNS_045) {
    std::size_t most = 0;
    const auto accepted = push(20, 1, [&](std::size_t connection, raw_stream& peer) {
        std::vector<seen_push> first;
        while (first.size() < 8) {
            first.push_back(next(connection, peer));
        }
        std::string out = net::raw_setting(3, 1);
        for (std::size_t i = 0; i < first.size(); ++i) {
            out += i < 2 ? accept(first[i]) : net::raw_reset(first[i].stream, 7);
            if (i < 2) {
                delivered_.push_back(first[i].body);
            }
        }
        peer.write(out);
        // What was on its way when the limit fell is refused too; from the acknowledgement on there
        // is one at a time.
        bool acknowledged = false;
        std::size_t open = 0;
        for (;;) {
            const auto frame = net::read_frame(peer);
            if (frame.type == 255) {
                return;
            }
            acknowledged = acknowledged || (frame.type == 4 && frame.flags == 1 && ++acks_ == 2);
            if (frame.type == 1 && acknowledged) {
                most = std::max(most, ++open);
            }
            auto& body = bodies_[{connection, frame.stream}];
            if (frame.type == 0) {
                body += frame.payload;
            }
            if (frame.type != 0 || (frame.flags & 1) == 0) {
                continue;
            }
            if (!acknowledged) {
                peer.write(net::raw_reset(frame.stream, 7));
                continue;
            }
            open -= open > 0 ? 1 : 0;
            delivered_.push_back(body);
            peer.write(accept({connection, frame.stream, body}));
        }
    });
    EXPECT_EQ(accepted, 20U);
    EXPECT_EQ(most, 1U);
    EXPECT_EQ(opened_, 1U);
    expect_each_delivered_once(20);
}

TEST_F(apns_wire, refused_streams_are_sent_again_once_each_APNS_046) {
    const auto accepted = push(3, 1, [&](std::size_t connection, raw_stream& peer) {
        std::string out;
        for (int i = 0; i < 3; ++i) {
            out += net::raw_reset(next(connection, peer).stream, 7);
        }
        peer.write(out);
        accept_all(connection, peer);
    });
    EXPECT_EQ(accepted, 3U);
    expect_each_delivered_once(3);
}

TEST_F(apns_wire, a_push_that_is_refused_twice_is_left_to_the_schedule_APNS_046) {
    std::size_t tries = 0;
    const auto accepted = push(1, 1, [&](std::size_t connection, raw_stream& peer) {
        for (auto p = next(connection, peer); p.stream != 0; p = next(connection, peer)) {
            ++tries;
            peer.write(net::raw_reset(p.stream, 7));
        }
    });
    EXPECT_EQ(accepted, 0U);
    EXPECT_EQ(tries, 2U);
}

TEST_F(apns_wire, above_goaways_last_stream_goes_to_a_new_connection_once_each_APNS_046) {
    const auto accepted = push(5, 2, [&](std::size_t connection, raw_stream& peer) {
        if (connection > 0) {
            accept_all(connection, peer);
            return;
        }
        std::vector<seen_push> all;
        while (all.size() < 5) {
            all.push_back(next(connection, peer));
        }
        peer.write(net::raw_goaway(all[1].stream));
        for (const auto& taken : {all[0], all[1]}) { // those it has named are answered afterwards
            delivered_.push_back(taken.body);
            peer.write(accept(taken));
        }
        while (net::read_frame(peer).type != 255) {
        }
    });
    EXPECT_EQ(accepted, 5U);
    EXPECT_EQ(opened_, 2U);
    expect_each_delivered_once(5);
}

// Not idempotent: it may have been delivered, so nothing repeats it at once.
TEST_F(apns_wire, a_push_that_may_have_been_taken_is_not_repeated) {
    std::size_t tries = 0;
    const auto accepted = push(1, 1, [&](std::size_t connection, raw_stream& peer) {
        tries += next(connection, peer).stream != 0 ? 1 : 0;
    });
    EXPECT_EQ(accepted, 0U);
    EXPECT_EQ(tries, 1U);
    EXPECT_EQ(opened_, 1U);
}

} // namespace
} // namespace pomona::server
