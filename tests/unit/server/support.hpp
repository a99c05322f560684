// A virtual world with the reference server in it, an APNs of the test's own, and an operator's
// API calls.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/server/server.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <deque>
#include <functional>

namespace pomona::server {

using namespace std::chrono_literals;
using nlohmann::json;

/// RSA-2048, made once for all tests; a Mac or a CA takes its own by number.
crypto::private_key fixed_key(const crypto::context& ctx, std::size_t number);

/// What the test's APNs saw of one push.
struct seen_push {
    time_point when;
    std::string path, body, connection;
    net::headers headers;
};

class lab {
  public:
    explicit lab(std::uint64_t seed = 1);
    ~lab();
    lab(const lab&) = delete;
    lab& operator=(const lab&) = delete;

    /// Runs a scenario to its end; a deadlock fails the test.
    void run(net::task<void> (*scenario)(lab&));

    net::world& w() { return *world_; }
    /// Starts the server (options may be changed before), with the push identity unless told.
    net::task<void> start(bool with_push_identity = true);
    net::task<void> restart();
    [[nodiscard]] server& s() { return *server_; }
    [[nodiscard]] bool running() const { return server_ != nullptr; }
    net::task<void> stop();

    crypto::identity push_identity(const std::string& uid, duration valid = 24h * 300);
    /// Answers of the test's APNs, in order; then 200 for ever.
    void answer_push(unsigned status, std::string body = {});

    /// A connection to the server; `identity` is presented when given.
    net::task<std::shared_ptr<net::connection>>
    connect(std::shared_ptr<const crypto::identity> identity = {});
    net::task<net::response> exchange(std::shared_ptr<net::connection> c, net::request what);
    /// One request on a connection of its own.
    net::task<net::response> ask(net::request what);
    /// An operator's call, authenticated.
    net::task<net::response> api(std::string method, std::string target, bytes body = {});
    net::task<json> api_json(std::string target);
    net::task<net::response> enqueue(std::string id, std::string uuid, std::string request_type,
                                     std::string query = {});
    [[nodiscard]] net::annotation note(std::string who) const;

    server_options options;
    std::vector<seen_push> pushes;
    std::function<bool()> refuse_unsent; ///< true: the test's APNs is down
    duration apns_takes{};               ///< from a push's arrival to its answer

  private:
    static net::task<net::reply> answer_apns(lab& l, net::incoming in);
    std::unique_ptr<net::world> world_;
    std::optional<crypto::identity> apns_root_;
    std::unique_ptr<net::listener> apns_;
    std::deque<std::pair<unsigned, std::string>> scripted_;
    std::unique_ptr<server> server_;
};

inline constexpr std::string_view test_topic = "com.apple.mgmt.External.test";

net::request get(std::string target);
net::request put(std::string target, std::string content_type, bytes body);
std::string text_of(const net::response& r);

} // namespace pomona::server
