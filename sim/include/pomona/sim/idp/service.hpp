// An identity provider, emulated: OpenID Connect and SAML 2.0 with a login page that is a plain
// HTML form, so that a client without a browser can sign in.
#pragma once

#include "pomona/net/world.hpp"

#include <memory>
#include <string>
#include <vector>

namespace pomona::sim::idp {

/// Who can sign in: by name or by mail address.
struct user {
    std::string name;
    std::string password;
    std::string email = {};     ///< empty: the name, when that is an address
    std::string full_name = {}; ///< empty: the name
};

/// An OpenID Connect client (RFC 6749 section 2).
struct client {
    std::string id;
    std::string secret; ///< empty: a public client, which has to use PKCE
    /// Compared octet by octet (RFC 9700 section 2.1).
    std::vector<std::string> redirect_uris;
};

/// A SAML service provider.
struct party {
    std::string entity_id;
    std::vector<std::string> acs_urls; ///< where assertions may be sent by POST; the first is usual
};

struct service_options {
    net::endpoint bind{"127.0.0.1", 0};
    std::string name = "localhost"; ///< host in the URLs it hands out
    crypto::identity tls;
    /// RSA: signs ID tokens (RS256) and assertions.
    crypto::private_key key;
    std::vector<user> users = {};
    std::vector<client> clients = {};
    std::vector<party> parties = {};
};

/// One listener, recorded as actor and channel "idp". On the world's thread. Everything it knows is
/// in memory and bounded. docs/idp.md has its URLs and the calls of `manage`.
class service {
  public:
    static result<std::unique_ptr<service>> start(net::world& world, service_options options);
    virtual ~service() = default;

    [[nodiscard]] virtual net::endpoint local() const = 0;
    /// "https://localhost:9443": issuer of ID tokens, and where its documents are.
    [[nodiscard]] virtual std::string issuer() const = 0;
    /// Signs assertions; self-signed for the service's key.
    [[nodiscard]] virtual const crypto::certificate& signing_certificate() const = 0;
    /// Replaces one of the same name (id, entity id). False: there are too many.
    virtual bool add(user who) = 0;
    virtual bool add(client who) = 0;
    virtual bool add(party who) = 0;
    /// A request of the calls "/idp/…" (docs/idp.md); the caller has judged who asks.
    virtual net::reply manage(const net::request& what) = 0;
    virtual void close() = 0;
};

} // namespace pomona::sim::idp
