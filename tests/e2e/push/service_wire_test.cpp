// The emulated push service frame by frame, where its clock has to be short or the client's window
// small.
#include "pomona/foundation/encoding.hpp"
#include "pomona/sim/apns/service.hpp"
#include "raw_peer.hpp"
#include "support.hpp"

namespace pomona::sim::apns {
namespace {

using namespace std::chrono_literals;
using net::raw_field;
using net::raw_frame;
using net::raw_stream;
using net::to_wire;

constexpr std::uint16_t initial_window_size = 4; // RFC 9113 section 6.5.2

class push_service_wire : public net::over_sockets {
  protected:
    /// Runs `talk` against a service of these options.
    void with_service(service_options options, std::function<void(std::uint16_t port)> talk) {
        auto body = [&]() -> net::task<> {
            auto started = co_await service::start(*world_, std::move(options));
            if (!started) {
                ADD_FAILURE() << started.error().message();
                co_return;
            }
            const auto port = (*started)->local().port;
            co_await elsewhere([&] { talk(port); });
        };
        EXPECT_TRUE(world_->run(body()));
    }
    /// A connection without a certificate that has said its settings.
    static std::unique_ptr<raw_stream> open(std::uint16_t port, const std::string& settings) {
        auto peer = net::raw_tls_connect(port, {0, {"h2"}});
        peer.stream->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings);
        return std::move(peer.stream);
    }
    /// HEADERS without END_STREAM, and an empty DATA frame that ends the stream.
    static std::string push(std::uint32_t stream) {
        const auto head = raw_field(":method", "POST") + raw_field(":scheme", "https") +
                          raw_field(":path", "/3/device/00") + raw_field(":authority", "localhost");
        return to_wire({1, 4, stream, head}) + to_wire({0, 1, stream, {}});
    }
};

TEST_F(push_service_wire, an_idle_connection_ends_with_goaway_and_its_reason_APNS_029) {
    service_options options;
    options.idle_timeout = 300ms;
    raw_frame goodbye;
    with_service(std::move(options), [&](std::uint16_t port) {
        const auto peer = open(port, to_wire({4, 0, 0, {}}));
        peer->write(push(1));
        for (auto frame = read_frame(*peer); frame.type != 255; frame = read_frame(*peer)) {
            if (frame.type == 0 && (frame.flags & 1) != 0) {
                peer->write(to_wire({6, 0, 0, "12345678"})); // idle from here on
            }
            goodbye = frame.type == 7 ? frame : goodbye;
        }
    });
    EXPECT_EQ(goodbye.type, 7);
    // Last stream 1, NO_ERROR.
    EXPECT_EQ(goodbye.payload, std::string("\0\0\0\1\0\0\0\0", 8) + R"({"reason":"IdleTimeout"})");
}

TEST_F(push_service_wire, no_data_goes_beyond_the_clients_window_APNS_030) {
    std::string before;
    std::string after;
    with_service({}, [&](std::uint16_t port) {
        constexpr std::uint32_t window = 5;
        const auto peer = open(port, net::raw_setting(initial_window_size, window));
        peer->write(push(1));
        while (before.size() < window) {
            const auto frame = read_frame(*peer);
            ASSERT_NE(frame.type, 255);
            before += frame.type == 0 ? frame.payload : "";
        }
        // Whatever would still come is in front of the answer to a PING.
        peer->write(to_wire({6, 0, 0, "12345678"}));
        for (auto frame = read_frame(*peer); frame.type != 6; frame = read_frame(*peer)) {
            ASSERT_NE(frame.type, 255);
            before += frame.type == 0 ? frame.payload : "";
        }
        peer->write(net::raw_window(1, 1000));
        for (bool ended = false; !ended;) {
            const auto frame = read_frame(*peer);
            ASSERT_NE(frame.type, 255);
            after += frame.type == 0 ? frame.payload : "";
            ended = frame.type == 0 && (frame.flags & 1) != 0;
        }
    });
    EXPECT_EQ(before, R"({"rea)");
    EXPECT_EQ(before + after, R"({"reason":"MissingProviderToken"})");
}

} // namespace
} // namespace pomona::sim::apns
