// One connection of the virtual world, seen from above both ends: its facts, whose turn it is, when
// messages arrive, and how it ends.
#pragma once

#include "exchange_log.hpp"
#include "pomona/net/world.hpp"
#include "virtual/seeded.hpp"

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pomona::net::virtual_world {

class link;

/// Draws how long a message travels, one way.
class latency {
  public:
    latency(std::uint64_t seed, duration min, duration max);
    duration draw();

  private:
    seeded_stream stream_;
    duration min_;
    std::uint64_t span_;
};

/// What a listener and the connections it accepted share.
struct listening {
    listen_options options; ///< with the real port
    std::shared_ptr<const handler> on_request;
    bool open = true;
    std::map<std::uint64_t, std::weak_ptr<link>> links;

    using link_map = std::map<std::uint64_t, std::weak_ptr<link>>;
    void close();
    static task<void> drain(std::shared_ptr<listening> self, world* w, time_point deadline);
    static task<void> part(link_map all, world* w);
    /// Tells each that it is over; false when none is busy any more.
    static bool say_last(const link_map& all);
};

/// A response without end on its way: what the server has pushed and the client has not read yet.
struct stream_state {
    explicit stream_state(world& w) : owner{&w}, changed{w} {}

    struct arriving {
        time_point at;
        bytes data;
    };
    world* owner;
    signal changed; ///< of whatever stands here
    std::deque<arriving> unread;
    std::optional<time_point>
        ends_at; ///< no message after those unread, and the client learns it then
    std::string why;
    std::shared_ptr<message_queue> queue; ///< null when the server's end is done
    duration notice{};                    ///< how long the client's goodbye travels

    /// The client sees the end at `when`.
    void end(time_point when, std::string reason);
    /// The client has gone: the server's queue is closed and told, when that news has arrived.
    void client_left();
};

/// One exchange under way.
struct pending {
    pending(world& w, exchange_log log) : client_log{std::move(log)}, changed{w} {}

    exchange_log client_log;
    std::shared_ptr<const request> what;
    std::optional<exchange_result> outcome;
    std::shared_ptr<stream_state> stream; ///< as soon as the server has answered with one
    bool wants_stream = false;
    bool abandoned = false; ///< the client waits no longer
    signal changed;

    void resolve(exchange_result r);
};

enum class direction : std::size_t { to_server, to_client };

class link : public std::enable_shared_from_this<link> {
  public:
    struct facts {
        std::uint64_t number = 0;
        std::shared_ptr<const connection_info> at_client;
        std::shared_ptr<const connection_info> at_server;
        std::shared_ptr<listening> server;
        bool secure = false;
        bool understood = true; ///< false: the client speaks plain HTTP to a TLS port
    };
    link(world& w, latency& l, facts f);

    [[nodiscard]] world& owner() const { return *world_; }
    [[nodiscard]] const facts& about() const { return facts_; }
    [[nodiscard]] bool multiplexed() const { return facts_.at_client->alpn == "h2"; }
    [[nodiscard]] duration draw_latency() { return latency_->draw(); }
    /// When a message sent now arrives. Messages of one direction never overtake one another (TCP).
    time_point arrival(direction d);

    [[nodiscard]] bool broken() const { return broken_.has_value(); }
    /// Why nothing more can be sent; nullopt when something can. `mine`: the caller's own places in
    /// the line.
    [[nodiscard]] std::optional<std::string> unusable(std::size_t mine) const;
    /// No exchange after those under way.
    void say_last() { last_said_ = true; }
    /// An exchange, or a stream that has not come to its end at the client.
    [[nodiscard]] bool busy() const;
    void break_off(std::string why);

    /// A place in the order of calls; also the exchange's number.
    std::uint64_t line_up();
    bool try_start(std::uint64_t place);
    void leave(std::uint64_t place);
    signal& turn() { return turn_; }

    void begin(std::uint64_t number, std::shared_ptr<pending> p) {
        pending_[number] = std::move(p);
    }
    void finish(std::uint64_t number) { pending_.erase(number); }
    void keep(const std::shared_ptr<stream_state>& s);

  private:
    [[nodiscard]] std::size_t side_by_side() const;

    world* world_;
    latency* latency_;
    facts facts_;
    std::array<time_point, 2> last_arrival_{};
    std::optional<std::string> broken_;
    bool last_said_ = false;
    time_point idle_since_;
    std::uint64_t places_ = 0;
    std::deque<std::uint64_t> waiting_;
    std::set<std::uint64_t> active_;
    signal turn_;
    std::map<std::uint64_t, std::shared_ptr<pending>> pending_; ///< by place
    std::vector<std::weak_ptr<stream_state>> streams_;
};

/// A place in the line of one connection, given up with the object.
class place {
  public:
    explicit place(std::shared_ptr<link> l) : link_{std::move(l)}, number_{link_->line_up()} {}
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() { link_->leave(number_); }
    [[nodiscard]] std::uint64_t number() const { return number_; }

  private:
    std::shared_ptr<link> link_;
    std::uint64_t number_;
};

/// The client's object of a connection.
std::shared_ptr<connection> make_connection(std::shared_ptr<link> l);
/// The server's end of one exchange, from the request's arrival on.
task<void> serve(std::shared_ptr<link> l, std::shared_ptr<pending> p, std::string id,
                 time_point arrives);
/// Carries what is pushed into `s->queue` to the client until the queue ends.
task<void> pump(std::shared_ptr<link> l, std::shared_ptr<stream_state> s, exchange_log log);
/// The client's end of a stream; `held` is its place on an HTTP/1.1 connection.
std::shared_ptr<message_stream> make_stream(std::shared_ptr<link> l,
                                            std::shared_ptr<stream_state> s, exchange_log log,
                                            std::shared_ptr<place> held);
/// The next message, unrecorded.
task<std::expected<bytes, transport_error>> next_message(std::shared_ptr<stream_state> s,
                                                         time_point deadline);

} // namespace pomona::net::virtual_world
