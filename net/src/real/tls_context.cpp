#include "real/tls_context.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace pomona::net::real {

namespace {

constexpr std::size_t max_cached_contexts = 64;
constexpr std::size_t max_cached_certificates = 256;

std::string error_queue() {
    std::string text;
    while (const auto code = ERR_get_error()) {
        std::array<char, 256> line{};
        ERR_error_string_n(code, line.data(), line.size());
        text += (text.empty() ? "" : "; ") + std::string{line.data()};
    }
    return text;
}

std::unexpected<error> library_failure(std::string what) {
    return fail(crypto::errc::library, std::move(what) + ": " + error_queue());
}

ssl_ctx_ptr make_context(const crypto::context& crypto) {
    ERR_clear_error();
    ssl_ctx_ptr context{SSL_CTX_new_ex(crypto.native(), nullptr, TLS_method())};
    if (!context) {
        return context;
    }
    auto* const raw = context.get();
    // Apple, "Setting Up a Remote Notification Server" and "Preparing your network": TLS 1.2 or
    // later.
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_num_tickets(raw, 0);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    // A record's head and content by one call of the system.
    SSL_CTX_set_read_ahead(raw, 1);
    // NO_AUTO_CHAIN: an end sends what its identity says, nothing out of its trust store.
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    return context;
}

/// RFC 7301 section 3.1: each name after its length. Names that do not fit are left out.
std::vector<unsigned char> alpn_wire(const std::vector<std::string>& names) {
    std::vector<unsigned char> wire;
    for (const auto& name : names) {
        if (!name.empty() && name.size() < 256) {
            wire.push_back(static_cast<unsigned char>(name.size()));
            wire.insert(wire.end(), name.begin(), name.end());
        }
    }
    return wire;
}

/// Called when the server has asked for a certificate.
int present_identity(SSL* ssl, void* argument) {
    auto* const session = static_cast<tls_session*>(argument);
    const auto& identity = *session->client_identity;
    if (SSL_use_certificate(ssl, identity.cert.native().get()) != 1 ||
        SSL_use_PrivateKey(ssl, identity.key.native().get()) != 1) {
        return 0;
    }
    for (const auto& link : identity.chain) {
        if (SSL_add1_chain_cert(ssl, link.native().get()) != 1) {
            return 0;
        }
    }
    session->presented = true;
    return 1;
}

/// The server does not judge certificates (server_tls): the handler sees the chain.
int accept_any_chain(X509_STORE_CTX* /*store*/, void* /*argument*/) {
    return 1;
}

bool set_expected_host(SSL* ssl, const std::string& host) {
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(host, not_an_address);
    auto* const parameters = SSL_get0_param(ssl);
    if (!not_an_address) {
        return X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
    }
    // RFC 6066 section 3: SNI carries names only, never addresses.
    return X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) == 1 &&
           SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

/// RFC 8446 section 6 and RFC 7301 section 3.2.
std::string alert_name(int number) {
    switch (number) {
    case 0:
        return "close_notify";
    case 10:
        return "unexpected_message";
    case 20:
        return "bad_record_mac";
    case 22:
        return "record_overflow";
    case 40:
        return "handshake_failure";
    case 42:
        return "bad_certificate";
    case 43:
        return "unsupported_certificate";
    case 44:
        return "certificate_revoked";
    case 45:
        return "certificate_expired";
    case 46:
        return "certificate_unknown";
    case 47:
        return "illegal_parameter";
    case 48:
        return "unknown_ca";
    case 49:
        return "access_denied";
    case 50:
        return "decode_error";
    case 51:
        return "decrypt_error";
    case 70:
        return "protocol_version";
    case 71:
        return "insufficient_security";
    case 80:
        return "internal_error";
    case 86:
        return "inappropriate_fallback";
    case 90:
        return "user_canceled";
    case 109:
        return "missing_extension";
    case 110:
        return "unsupported_extension";
    case 112:
        return "unrecognized_name";
    case 116:
        return "certificate_required";
    case 120:
        return "no_application_protocol";
    default:
        return std::to_string(number);
    }
}

} // namespace

result<SSL_CTX*> client_contexts::context_for(const trust_store& trust) {
    for (const auto& known : cache_) {
        if (known.trust == trust) {
            return known.context.get();
        }
    }
    auto context = make_context(crypto_);
    if (!context) {
        return library_failure("making a TLS client context");
    }
    auto* const store = SSL_CTX_get_cert_store(context.get());
    if (trust) {
        for (const auto& anchor : *trust) {
            if (X509_STORE_add_cert(store, anchor.native().get()) != 1) {
                return library_failure("adding a trust anchor");
            }
        }
    }
    // An anchor may be an intermediate.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (cache_.size() == max_cached_contexts) {
        cache_.pop_front();
    }
    cache_.push_back({trust, std::move(context)});
    return cache_.back().context.get();
}

result<tls_session_ptr> client_contexts::make(const client_tls& options, const std::string& host,
                                              time_point now) {
    const auto context = context_for(options.trust);
    if (!context) {
        return std::unexpected(context.error());
    }
    ERR_clear_error();
    auto session = std::make_unique<tls_session>();
    session->ssl.reset(SSL_new(*context));
    if (!session->ssl) {
        return library_failure("making a TLS session");
    }
    auto* const ssl = session->ssl.get();
    if (!set_expected_host(ssl, host)) {
        return library_failure("setting the expected host name");
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now + options.clock_offset)
                             .time_since_epoch()
                             .count();
    X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), static_cast<time_t>(seconds));
    const auto wire = alpn_wire(options.alpn);
    // Unlike its neighbours, this call answers 0 for success.
    if (!wire.empty() &&
        SSL_set_alpn_protos(ssl, wire.data(), static_cast<unsigned>(wire.size())) != 0) {
        return library_failure("setting ALPN");
    }
    if (!options.judge_server) {
        SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    }
    if (options.identity) {
        session->client_identity = options.identity;
        SSL_set_cert_cb(ssl, present_identity, session.get());
    }
    SSL_set_connect_state(ssl);
    return session;
}

result<std::shared_ptr<server_tls_context>> server_tls_context::make(const crypto::context& crypto,
                                                                     const server_tls& options) {
    std::shared_ptr<server_tls_context> made{new server_tls_context};
    made->alpn_ = options.alpn;
    made->context_ = make_context(crypto);
    auto* const raw = made->context_.get();
    if (raw == nullptr || SSL_CTX_use_certificate(raw, options.identity.cert.native().get()) != 1 ||
        SSL_CTX_use_PrivateKey(raw, options.identity.key.native().get()) != 1) {
        return library_failure("setting a server's certificate and key");
    }
    for (const auto& link : options.identity.chain) {
        if (SSL_CTX_add1_chain_cert(raw, link.native().get()) != 1) {
            return library_failure("setting a server's chain");
        }
    }
    if (!made->alpn_.empty()) {
        SSL_CTX_set_alpn_select_cb(raw, select_alpn, made.get());
    }
    if (options.ask_client_certificate) {
        SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_cert_verify_callback(raw, accept_any_chain, nullptr);
    }
    return made;
}

result<tls_session_ptr> server_tls_context::new_session() {
    ERR_clear_error();
    auto session = std::make_unique<tls_session>();
    session->ssl.reset(SSL_new(context_.get()));
    if (!session->ssl) {
        return library_failure("making a TLS session");
    }
    SSL_set_accept_state(session->ssl.get());
    return session;
}

int server_tls_context::select_alpn(SSL* /*ssl*/, const unsigned char** out,
                                    unsigned char* out_size, const unsigned char* in,
                                    unsigned in_size, void* self) {
    for (const auto& ours : static_cast<const server_tls_context*>(self)->alpn_) {
        for (unsigned at = 0; at < in_size && at + in[at] < in_size; at += in[at] + 1U) {
            if (as_text({in + at + 1, in[at]}) == ours) {
                *out = in + at + 1;
                *out_size = in[at];
                return SSL_TLSEXT_ERR_OK;
            }
        }
    }
    // RFC 7301 section 3.2: no name in common ends the handshake with no_application_protocol
    // (APNS-002).
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

tls_failure take_tls_failure(const SSL* ssl) {
    tls_failure failure;
    const auto code = ERR_peek_error();
    const auto reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET &&
        reason < SSL_AD_REASON_OFFSET + 256) {
        failure.alert = true;
        failure.detail = "alert " + alert_name(reason - SSL_AD_REASON_OFFSET) + " from the peer";
        ERR_clear_error();
    } else if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        failure.alert = true;
        failure.detail = std::string{"the peer's certificate was refused: "} +
                         X509_verify_cert_error_string(SSL_get_verify_result(ssl));
        ERR_clear_error();
    } else {
        failure.detail = error_queue();
    }
    return failure;
}

result<crypto::certificate> certificate_cache::parse(bytes der) {
    if (const auto found = known_.find(der); found != known_.end()) {
        return found->second;
    }
    auto parsed = crypto::certificate::from_der(crypto_, der);
    if (parsed) {
        if (order_.size() == max_cached_certificates) {
            known_.erase(order_.front());
            order_.pop_front();
        }
        known_.emplace(der, *parsed);
        order_.push_back(std::move(der));
    }
    return parsed;
}

std::vector<crypto::certificate> presented_chain(const SSL* ssl, certificate_cache& cache) {
    std::vector<crypto::certificate> chain;
    const bool at_server = SSL_is_server(ssl) != 0;
    const auto add = [&](const X509* certificate, bool shared) {
        bytes der(static_cast<std::size_t>(std::max(i2d_X509(certificate, nullptr), 0)));
        auto* to = der.data();
        i2d_X509(certificate, &to);
        auto parsed = shared ? cache.parse(std::move(der))
                             : crypto::certificate::from_der(cache.crypto(), der);
        if (parsed) {
            chain.push_back(*std::move(parsed));
        }
    };
    auto* const leaf = SSL_get0_peer_certificate(ssl);
    if (leaf == nullptr) {
        return chain;
    }
    add(leaf, !at_server);
    const auto* const sent = SSL_get_peer_cert_chain(ssl);
    // At a client the chain begins with the leaf, at a server it does not.
    for (int i = at_server ? 0 : 1; i < sk_X509_num(sent); ++i) {
        add(sk_X509_value(sent, i), true);
    }
    return chain;
}

std::string selected_alpn(const SSL* ssl) {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    return name == nullptr ? std::string{} : std::string{as_text({name, size})};
}

} // namespace pomona::net::real
