// The reference MDM server: CA, enrollment, check-in, command queue, push, DDM and the ecosystem's
// API behind one listener.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/net/world.hpp"
#include "pomona/server/defects.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pomona::server {

/// A SCEP CA of somebody else, which gives the Macs their identities.
struct identity_ca {
    std::string url;        ///< for the SCEP payload
    crypto::certificate ca; ///< signs the identities; its fingerprint goes into the payload
    std::string challenge;  ///< may be empty
};

/// A network user whom the server manages (Apple, "User Authenticate").
struct network_user {
    std::string short_name;
    std::string password; ///< empty: managed without a token
};

/// An OpenID provider where users sign in.
struct sign_in_provider {
    std::string issuer; ///< its discovery document lies below
    std::string client_id, client_secret;
    net::trust_store trust; ///< what its TLS certificate chains to
};

struct server_options {
    net::endpoint bind{"127.0.0.1", 0};
    /// Host names and addresses its TLS certificate covers; the first one stands in the URLs it
    /// hands out.
    std::vector<std::string> names{"localhost", "127.0.0.1"};
    /// CA, TLS identity and database live here (files 0600); empty: everything in memory. Made on
    /// first start.
    std::filesystem::path data_folder;
    std::vector<std::string> alpn{"h2", "http/1.1"}; ///< what it speaks, in order of preference
    std::string organization = "Pomona reference server";
    std::string api_user = "nanomdm"; ///< Basic authentication, as the ecosystem's scripts send it
    std::string api_key;              ///< compared in constant time; must not be empty
    bool sign_message = true;         ///< SignMessage in the MDM payload
    std::int64_t access_rights = 8191;
    bool check_out_when_removed = true;
    duration challenge_lifetime = std::chrono::hours{1};
    /// Where pushes go. The push identity comes by API (PUT /v1/pushcert) or from the data folder.
    net::endpoint apns{"api.push.apple.com", 443};
    net::trust_store apns_trust;
    /// Key for the CA and for TLS, for the virtual world's fixed keys; empty: generated
    /// (offloaded).
    std::function<std::optional<crypto::private_key>(std::string_view role)> key_for;
    defects bugs; ///< planted on purpose; none by default
    /// SCEP without TLS, on a listener of its own: messages protect themselves (RFC 8894
    /// section 7.2), and many clients cannot be given a root for https. Empty: not offered.
    std::optional<net::endpoint> scep_http;
    /// Permits single DES to SCEP clients that know nothing else.
    bool scep_legacy = false;
    /// Behind a proxy that ends TLS: the header in which it passes the client's certificate on, as
    /// RFC 9440 or as escaped PEM. Taken from `trusted_proxies` only. Empty: no header is looked
    /// at.
    std::string certificate_header;
    std::vector<std::string> trusted_proxies{"127.0.0.1", "::1"};
    /// Beside those that the store knows already; everybody else is answered 410.
    std::vector<network_user> users;
    std::optional<identity_ca> other_ca; ///< instead of the server's own
    /// What the certificates chain to with which Macs sign their MachineInfo: Apple's, or an
    /// emulated one. Empty: Automated Device Enrollment is not offered.
    std::vector<crypto::certificate> device_authorities = {};
    /// Users sign in there: in the web view of Automated Device Enrollment, and for account-driven
    /// enrollment. nullopt: neither has a sign-in page, until `set_sign_in`.
    std::optional<sign_in_provider> sign_in = {};
};

/// Runs until destroyed or `stop`. On the world's thread.
class server {
  public:
    /// Opens the store, makes or loads the CA, listens. Errors are a user's to mend: port in use,
    /// folder not writable.
    static net::task<result<std::unique_ptr<server>>> start(net::world& world,
                                                            server_options options);
    virtual ~server() = default;

    [[nodiscard]] virtual net::endpoint local() const = 0;
    [[nodiscard]] virtual std::string base_url() const = 0; ///< https://name:port
    /// Of SCEP without TLS; empty when it is not offered.
    [[nodiscard]] virtual std::string scep_http_url() const = 0;
    [[nodiscard]] virtual std::string
    enroll_url() const = 0; ///< GET: a fresh signed enrollment profile
    /// POST of a signed MachineInfo: the same by Automated Device Enrollment; empty when it is not
    /// offered.
    [[nodiscard]] virtual std::string ade_url() const = 0;
    /// The same with a web view (configuration_web_url); empty when nobody can sign in.
    [[nodiscard]] virtual std::string ade_web_url() const = 0;
    /// From now on users sign in there; where it has to send them back to (redirect URI).
    virtual std::string set_sign_in(sign_in_provider provider) = 0;
    [[nodiscard]] virtual const crypto::certificate&
    ca() const = 0; ///< the root a client has to trust
    /// Takes a push certificate and its key as PUT /v1/pushcert does.
    virtual net::task<result<topic>> set_push_identity(crypto::identity identity) = 0;
    /// Stops listening, finishes what is being answered, closes the store.
    virtual net::task<void> stop() = 0;
};

} // namespace pomona::server
