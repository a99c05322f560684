// A run's parts put together: world, event log, push service, reference server, link, fleet.
#pragma once

#include "pomona/server/server.hpp"
#include "pomona/sim/abm/service.hpp"
#include "pomona/sim/apns/service.hpp"
#include "pomona/sim/fleet/fleet.hpp"
#include "pomona/sim/idp/service.hpp"
#include "pomona/stack/key_pool.hpp"
#include "pomona/stack/target.hpp"
#include "pomona/trace/recorder.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace pomona::stack {

enum class world_kind { real, simulated };

/// A SCEP CA of somebody else (server::identity_ca, before there is a world to decode it in).
struct scep_ca {
    std::string url, certificate_pem, challenge;
};

/// Who can sign in when nobody else is named, and who sits at the Macs then.
sim::idp::user usual_user();

struct stack_options {
    world_kind world = world_kind::simulated;
    std::uint64_t seed = 1; ///< simulated: decides everything
    time_point start; ///< simulated: the clock's first value; left at its default: the world's
    std::filesystem::path trace_folder; ///< empty: the trace stays in memory
    std::vector<sim::fleet::group> groups;
    /// The server's data, and the push service's keys; empty: in memory. Real world only.
    std::filesystem::path data_folder;
    std::string api_key;          ///< empty: drawn from the world's randomness
    pomona::server::defects bugs; ///< of the reference server, planted on purpose
    net::endpoint server_bind{"127.0.0.1", 0};
    net::endpoint apns_bind{"127.0.0.1", 0};
    std::vector<net::endpoint> apns_also_bind{}; ///< the push service's other ports
    std::optional<net::endpoint> abm_bind;       ///< Apple Business Manager, emulated; empty: none
    /// An identity provider, emulated, at which users of the server sign in; empty: none.
    std::optional<net::endpoint> idp_bind;
    std::vector<sim::idp::user> idp_users; ///< empty: `usual_user`
    /// Where the emulated services are worked by calls (plain HTTP: a loopback address); empty: not
    /// at all.
    std::optional<net::endpoint> portal_bind;
    /// A CONNECT proxy that leads Apple's host names to the emulated services; empty: none. Real
    /// world only.
    std::optional<net::endpoint> proxy_bind;
    std::optional<net::endpoint> scep_http_bind; ///< SCEP without TLS; empty: not offered
    std::optional<scep_ca> other_ca;             ///< instead of the server's own
    bool seed_schema = false;                    ///< the Macs know what a seed of macOS brings
    /// Of the reference server: server_options::certificate_header, trusted_proxies, users.
    std::string certificate_header;
    std::vector<std::string> trusted_proxies;
    std::vector<pomona::server::network_user> users;
    bool scep_legacy = false; ///< single DES and SHA-1 for old SCEP peers, on both sides
    std::vector<std::string> server_alpn{"h2", "http/1.1"}; ///< versions of HTTP the server speaks
    /// Another server: then neither server nor push service is started, and the Macs take their
    /// pushes from the target's push service. Real world only.
    std::optional<target> external;
    /// Where keys are kept; the default folders unless set.
    std::filesystem::path key_folder = key_pool::default_folder();
    std::optional<std::filesystem::path> derived_folder;
    progress_function on_keys;
    std::stop_token stop; ///< ends the making of keys
};

/// Owns its parts. In the simulated world everything that happens is a function of the seed.
class stack {
  public:
    /// Keys are made first, then the services start. Errors are the user's to mend: folders, ports,
    /// certificates.
    static result<std::unique_ptr<stack>> create(stack_options options);
    stack(const stack&) = delete;
    stack& operator=(const stack&) = delete;
    /// Ends the world's tasks, then takes the parts down in turn. The recorder's `finish` is the
    /// caller's, who wants to know whether it succeeded.
    ~stack();

    /// As world::run: false when interrupted, or when nothing can ever happen again.
    bool run(net::task<void> main);
    /// Ends every task now; the trace and the fleet stay readable. No `run` after this.
    void shutdown();

    [[nodiscard]] net::world& world() { return *world_; }
    [[nodiscard]] trace::recorder& recorder() { return *recorder_; }
    [[nodiscard]] sim::fleet::fleet& fleet() { return *fleet_; }
    [[nodiscard]] const pomona::stack::target& target() const { return target_; }
    /// Null with an external target.
    [[nodiscard]] pomona::server::server* server() { return server_.get(); }
    [[nodiscard]] sim::apns::service* apns() { return apns_.get(); }
    /// Null unless it was asked for.
    [[nodiscard]] sim::abm::service* abm() { return abm_.get(); }
    /// Null unless it was asked for.
    [[nodiscard]] sim::idp::service* idp() { return idp_.get(); }

  private:
    struct builder;
    stack() = default;

    // In this order, so that each is gone before what it refers to.
    std::unique_ptr<net::world> world_;
    std::unique_ptr<trace::recorder> recorder_;
    std::unique_ptr<sim::apns::service> apns_;
    std::unique_ptr<sim::abm::service> abm_;
    std::unique_ptr<sim::idp::service> idp_;
    std::unique_ptr<net::listener> portal_;
    std::unique_ptr<net::listener> proxy_;
    std::unique_ptr<pomona::server::server> server_;
    std::unique_ptr<sim::apns::device_link> link_;
    std::unique_ptr<sim::fleet::fleet> fleet_;
    pomona::stack::target target_;
};

} // namespace pomona::stack
