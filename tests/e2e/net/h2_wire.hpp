// A client of ours against a raw peer that speaks HTTP/2 frame by frame.
#pragma once

#include "raw_peer.hpp"
#include "support.hpp"

namespace pomona::net {

class h2_wire : public over_sockets {
  protected:
    /// A client of ours against `serve`, which runs on another thread; both must come to an end.
    void converse(std::function<void(raw_stream&)> serve,
                  std::function<task<>(std::shared_ptr<connection>)> ask) {
        raw_server server;
        const auto identity = ca_.issue({"127.0.0.1"});
        auto run_server = [&]() -> task<> {
            co_await elsewhere([&] {
                const auto peer = server.accept_tls(identity, "h2");
                if (peer) {
                    peer->read_exactly(24); // the preface
                    peer->write(to_wire({4, 0, 0, {}}));
                    serve(*peer);
                }
            });
        };
        auto body = [&]() -> task<> {
            task_group group{*world_};
            group.spawn("serve", run_server());
            auto opened = co_await world_->open(to_secure({"127.0.0.1", server.port()}, {"h2"}));
            EXPECT_TRUE(opened) << opened.error().message();
            if (opened) {
                co_await ask(*opened);
                opened->reset();
            }
            co_await group.all_done(soon());
        };
        ASSERT_TRUE(world_->run(body()));
    }
};

/// The next frame of that kind, on that stream unless 0; type 255 at the end.
inline raw_frame await_frame(raw_stream& peer, std::uint8_t type, std::uint32_t stream = 0) {
    auto frame = read_frame(peer);
    while (frame.type != 255 && (frame.type != type || (stream != 0 && frame.stream != stream))) {
        frame = read_frame(peer);
    }
    return frame;
}

inline raw_frame await_headers(raw_stream& peer) {
    return await_frame(peer, 1);
}

inline void read_to_end(raw_stream& peer) {
    while (read_frame(peer).type != 255) {
    }
}

} // namespace pomona::net
