// Requests to the MDM server with the device identity: one session's connections. No decision about
// the enrollment is made here.
#pragma once

#include "pomona/net/world.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// One message of the Mac.
struct put_request {
    std::string url;
    std::string_view content_type;
    bytes body;
    std::string channel; ///< of the trace: "mdm" or "checkin"
    std::uint64_t cause = 0;
};

struct client_options {
    actor who;
    std::string user_agent;
    net::client_tls tls;
    bool sign = false; ///< Mdm-Signature over each body (SignMessage)
    duration timeout{};
};

/// PUTs over kept-alive connections, one to each server it meets. Must outlive its pending calls.
class mdm_client {
  public:
    mdm_client(net::world& w, client_options options);

    /// 3xx is followed for this transaction only (MDM-CHK-079); a kept-alive connection that the
    /// server had closed is opened again once.
    net::task<net::exchange_result> put(put_request what);
    void close();

  private:
    struct target {
        net::endpoint server;
        std::shared_ptr<net::connection> connection;
    };
    net::task<net::open_result> connect(net::endpoint server, time_point deadline,
                                        net::annotation note);
    net::task<net::exchange_result> send(net::url to, net::request what, net::annotation note);

    net::world* world_;
    client_options options_;
    std::vector<target> open_;
};

/// One kept connection for plain GET and POST exchanges (profile, SCEP) with redirects of GET.
class web_client {
  public:
    web_client(net::world& w, actor who, net::trust_store trust, duration timeout)
        : world_{&w}, who_{std::move(who)}, trust_{std::move(trust)}, timeout_{timeout} {}
    net::task<net::exchange_result> send(std::string url, net::request what, std::string channel,
                                         std::uint64_t cause);

  private:
    net::world* world_;
    actor who_;
    net::trust_store trust_;
    duration timeout_;
    net::endpoint server_;
    bool secure_ = false;
    std::shared_ptr<net::connection> connection_;
};

/// Where a Location leads from `base`: absolute, or a path of the same server.
result<net::url> resolve_location(const net::url& base, std::string_view location);
/// 301, 302, 303, 307, 308.
bool is_redirect(unsigned status);

} // namespace pomona::sim::mac
