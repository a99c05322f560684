// Requests to the MDM server with the device identity: the connections of one enrollment. No
// decision about the enrollment is made here.
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
    std::string channel; ///< of the trace: "mdm", "checkin" or "asset"
    std::uint64_t cause = 0;
    std::string_view method = "PUT"; ///< or "GET", without a body
};

struct client_options {
    actor who;
    std::string user_agent;
    net::client_tls tls;
    /// com.apple.mdm, pinned certificates: what alone is trusted for commands and for check-ins;
    /// null: what `tls` says.
    net::trust_store server_pins = {}, checkin_pins = {};
    /// Where they are pinned, no connection without a positive answer of a revocation check.
    bool revocation_check_required = false;
    /// Signs; that of `tls`, when it is shown there.
    std::shared_ptr<const crypto::identity> identity;
    bool sign = false;         ///< Mdm-Signature over each body (SignMessage)
    bool signing_time = false; ///< the signature says when it was made
    net::headers extra = {};   ///< with every request: a forwarded certificate, a bearer token
    duration timeout{};
};

/// PUTs over kept connections, one to each server it meets; they are closed when nothing has used
/// them for a while (policy.hpp). Its pending calls keep it alive.
class mdm_client : public std::enable_shared_from_this<mdm_client> {
  public:
    static std::shared_ptr<mdm_client> make(net::world& w, client_options options);

    /// 3xx is followed for this transaction only (MDM-CHK-079). A request that the server cannot
    /// have taken, or that a kept connection lost without a reaction, is sent once more at once
    /// (net::may_send_again); everything else is for the caller.
    static net::task<net::exchange_result> put(std::shared_ptr<mdm_client> self, put_request what);
    /// Pending requests fail, and are not sent again; later ones connect again.
    void close();
    [[nodiscard]] const client_options& options() const { return options_; }

  private:
    mdm_client(net::world& w, client_options options);

    struct target {
        net::endpoint server;
        net::trust_store trust;
        std::shared_ptr<net::connection> connection;
    };
    /// A connection, and whether a request has been on it before.
    struct through {
        std::shared_ptr<net::connection> connection;
        bool reused = false;
    };
    using through_result = std::expected<through, net::transport_error>;
    static net::task<through_result> connect(std::shared_ptr<mdm_client> self, net::endpoint server,
                                             net::trust_store trust, time_point deadline,
                                             net::annotation note);
    static net::task<net::exchange_result> send(std::shared_ptr<mdm_client> self, net::url to,
                                                net::trust_store trust, net::request what,
                                                net::annotation note);
    [[nodiscard]] const net::trust_store& pins_of(const put_request& what) const;
    static net::task<void> close_when_idle(std::weak_ptr<mdm_client> weak, net::world* w);
    void drop(const std::shared_ptr<net::connection>& connection);
    void note_use();

    net::world* world_;
    client_options options_;
    std::vector<target> open_;
    time_point used_;
    std::size_t pending_ = 0;
    unsigned closings_ = 0;
    bool watched_ = false; ///< close_when_idle is at work
};

/// One kept connection for plain GET and POST exchanges (profile, SCEP) with redirects of GET.
class web_client {
  public:
    web_client(net::world& w, actor who, net::client_tls tls, duration timeout)
        : world_{&w}, who_{std::move(who)}, tls_{std::move(tls)}, timeout_{timeout} {}
    net::task<net::exchange_result> send(std::string url, net::request what, std::string channel,
                                         std::uint64_t cause);
    /// The same without looking at redirects.
    net::task<net::exchange_result> load(net::url to, net::request what, std::string channel,
                                         std::uint64_t cause);

  private:
    net::task<net::exchange_result> once(net::url to, net::request what, net::annotation note,
                                         bool again);

    net::world* world_;
    actor who_;
    net::client_tls tls_;
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
