// Apple Business Manager, emulated: the device-enrollment service, the business API, and the portal
// where an administrator's work is done by calls.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/sim/abm/business.hpp"
#include "pomona/sim/abm/fault.hpp"
#include "pomona/sim/abm/organization.hpp"
#include "pomona/sim/abm/rules.hpp"

#include <memory>
#include <string>

namespace pomona::sim::abm {

struct service_options {
    net::endpoint bind{"127.0.0.1", 0};
    /// With `api-business.apple.com` and the like among its names for clients that cannot be told
    /// another; nullopt: plain HTTP.
    std::optional<crypto::identity> tls;
    /// Addresses under which clients know the service beside what they say in Host (RFC 5849
    /// section 3.4.1.2), without a path: "https://mdmenrollment.apple.com".
    std::vector<std::string> base_urls{"https://mdmenrollment.apple.com"};
    abm::rules rules = {};
    /// Roots of the devices that may ask for their activation record at sim::activation_path;
    /// empty: nobody may.
    std::vector<crypto::certificate> device_authorities = {};
};

/// One listener, HTTP/1.1 and HTTP/2, for the device-enrollment service (recorded as channel "abm")
/// the business API (channel "abm-api") and Macs that ask which profile they have (channel
/// "activation"), and the organisation behind them. On the world's
/// thread.
class service {
  public:
    static result<std::unique_ptr<service>> start(net::world& world, service_options options);
    virtual ~service() = default;

    [[nodiscard]] virtual net::endpoint local() const = 0;
    [[nodiscard]] virtual organization& org() = 0;
    virtual abm::rules& rules() = 0;
    virtual void order(fault_order what) = 0;
    virtual void clear_faults() = 0;

    /// What the portal's button "Download token" does: a new token for the entry, its consumer key
    /// kept, the one before rejected from then on (ABM-014). The text of the .p7m file. Error: no
    /// such entry, or it has no certificate.
    virtual result<std::string> download_token(std::string_view server) = 0;
    /// An entry "MDM server" with a certificate (PEM or DER). Its id.
    virtual std::string add_server(std::string name, crypto::certificate for_tokens) = 0;
    /// Gives an entry a token that the client has already: the fixed credentials that some clients
    /// use against Apple's old simulator.
    virtual result<void> seed_token(std::string_view server, pomona::abm::server_token token) = 0;
    /// Every cursor that was given out so far is too old from now on.
    virtual void age_cursors() = 0;
    /// Every session is over.
    virtual void end_sessions() = 0;
    /// Another API account: its key is made here and given out once.
    virtual result<crypto::private_key> add_api_account(std::string client_id,
                                                        std::string key_id) = 0;
    /// What a Mac learns when it asks which profile it has (sheet 5.1): JSON with the keys of an
    /// activation record; nullopt: none. The profile is "pushed" from then on (ABM-090).
    virtual std::optional<std::string> activation_record(std::string_view serial) = 0;
    /// A request of the portal's own calls, "/portal/…" (docs/abm.md).
    virtual net::reply manage(const net::request& what) = 0;
    virtual void close() = 0;
};

} // namespace pomona::sim::abm
