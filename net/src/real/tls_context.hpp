// SSL_CTX objects, one a role, and the SSL objects made from them.
#pragma once

#include "pomona/net/connection.hpp"
#include "pomona/net/listener.hpp"
#include "real/bio.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pomona::net::real {

/// One TLS connection's SSL and what its callbacks point at. Not movable: OpenSSL keeps its
/// address.
struct tls_session {
    ssl_ptr ssl;
    std::shared_ptr<const crypto::identity> client_identity;
    bool presented = false; ///< the server asked, and the identity was handed over

    tls_session() = default;
    tls_session(const tls_session&) = delete;
    tls_session& operator=(const tls_session&) = delete;
};
using tls_session_ptr = std::unique_ptr<tls_session>;

/// What the client role caches: a context for each trust store.
class client_contexts {
  public:
    explicit client_contexts(crypto::context crypto) : crypto_{std::move(crypto)} {}

    /// Ready for SSL_connect: trust, host name or address to check, SNI, ALPN, identity;
    /// certificates are judged at `now`. errc::library when OpenSSL refuses one of them.
    result<tls_session_ptr> make(const client_tls& options, const std::string& host,
                                 time_point now);

  private:
    struct entry {
        trust_store trust; ///< held, so that its address stays its own
        ssl_ctx_ptr context;
    };
    result<SSL_CTX*> context_for(const trust_store& trust);

    crypto::context crypto_;
    std::deque<entry> cache_;
};

/// Certificates that many connections present, parsed once (parsing costs 0.2 ms). Bounded: the
/// oldest goes.
class certificate_cache {
  public:
    explicit certificate_cache(crypto::context crypto) : crypto_{std::move(crypto)} {}
    result<crypto::certificate> parse(bytes der);
    [[nodiscard]] const crypto::context& crypto() const { return crypto_; }

  private:
    crypto::context crypto_;
    std::map<bytes, crypto::certificate> known_;
    std::deque<bytes> order_;
};

/// What all connections of a world share. Outlives their tasks.
struct shared_tls {
    explicit shared_tls(const crypto::context& crypto) : clients{crypto}, certificates{crypto} {}
    client_contexts clients;
    certificate_cache certificates;
};

/// A listener's context: identity, ALPN, whether to ask for a certificate.
class server_tls_context {
  public:
    static result<std::shared_ptr<server_tls_context>> make(const crypto::context& crypto,
                                                            const server_tls& options);
    result<tls_session_ptr> new_session();

  private:
    server_tls_context() = default;
    static int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                           const unsigned char* in, unsigned in_size, void* self);

    ssl_ctx_ptr context_;
    std::vector<std::string> alpn_;
};

/// Why a TLS operation failed, from OpenSSL's error queue, which it empties.
struct tls_failure {
    bool alert = false; ///< the peer's alert, or our own refusal of its certificate
    std::string detail; ///< "alert unknown_ca from the peer", "certificate has expired", …
};
tls_failure take_tls_failure(const SSL* ssl);

/// What the other end presented, leaf first. Clients' own certificates, each used by one, bypass
/// the cache.
std::vector<crypto::certificate> presented_chain(const SSL* ssl, certificate_cache& cache);
std::string selected_alpn(const SSL* ssl);

} // namespace pomona::net::real
