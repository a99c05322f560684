// The server as an OpenID Connect client (OpenID Connect Core 1.0, code flow with PKCE): where its
// users sign in, and who they then are.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/protocol/crypto/jwk.hpp"
#include "pomona/server/server.hpp"

#include <memory>
#include <optional>
#include <string>

namespace pomona::server {

/// Drawn for one sign-in.
struct sign_in_secrets {
    std::string state = {}, nonce = {}, verifier = {};
};
/// What the provider says of a user.
struct signed_in_user {
    std::string subject, name, email;
};

/// One provider. Its documents are fetched when they are first needed; keys again when one is not
/// known. On the world's thread; the tasks keep it alive.
class openid_client : public std::enable_shared_from_this<openid_client> {
  public:
    openid_client(net::world& w, sign_in_provider provider)
        : world_{&w}, provider_{std::move(provider)} {}

    /// Where a user has to go. Errors: the provider cannot be reached, or its discovery document
    /// is none of this issuer.
    static net::task<result<std::string>> begin(std::shared_ptr<openid_client> self,
                                                sign_in_secrets with, std::string redirect_uri,
                                                std::string login_hint);
    /// Who came back with `code`. Errors: the provider refused the code, or its ID token does not
    /// hold (OpenID Connect Core section 3.1.3.7).
    static net::task<result<signed_in_user>> finish(std::shared_ptr<openid_client> self,
                                                    sign_in_secrets with, std::string redirect_uri,
                                                    std::string code);

    /// Judges an ID token by the keys at hand; no I/O.
    [[nodiscard]] result<signed_in_user> judge(std::string_view token,
                                               const std::string& nonce) const;

  private:
    struct endpoints {
        std::string authorize, token, keys;
    };
    static net::task<result<net::response>> fetch(std::shared_ptr<openid_client> self,
                                                  std::string url, net::request what);
    static net::task<result<void>> discover(std::shared_ptr<openid_client> self);
    static net::task<result<void>> load_keys(std::shared_ptr<openid_client> self);

    net::world* world_;
    sign_in_provider provider_;
    std::optional<endpoints> at_;
    std::vector<crypto::verification_key> keys_;
};

} // namespace pomona::server
