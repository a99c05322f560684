// Who sends a device's request: the certificate proven by TLS, by Mdm-Signature, or by both. No
// I/O.
#pragma once

#include "pomona/net/http.hpp"
#include "pomona/protocol/crypto/certificate.hpp"
#include "pomona/protocol/crypto/cms.hpp"

#include <deque>
#include <set>
#include <string>
#include <variant>

namespace pomona::server {

struct identity_refusal {
    unsigned status = 403; ///< 400 or 403; never 401, which would unenroll the Mac
    std::string text;
};

/// A header longer than this is refused unread; real ones stay below 4 KiB.
inline constexpr std::size_t max_signature_header = 10U << 10U;

/// What need not be found out again at each message of a Mac: its certificate decoded, and that it
/// chains to the CA. Bounded: the oldest goes. On the world's thread.
struct known_devices {
    crypto::signer_cache signers;
    /// SHA-256 of certificates that were found to chain to the root; their validity is looked at
    /// each time.
    std::set<bytes> chained;
    std::deque<bytes> order;
};

/// The certificate in a proxy's header: RFC 9440 or escaped PEM.
result<crypto::certificate> read_forwarded(const crypto::context& ctx, std::string_view value);
/// May this connection's other end be a proxy of ours? `connection_id`: see net::connection_info.
bool is_trusted_proxy(std::string_view connection_id, const std::vector<std::string>& trusted);

/// `header`: the name under which a trusted proxy passes the certificate on; empty: none does.
/// `tls_chain`: what the client presented in the handshake, leaf first; possession is proven.
std::variant<crypto::certificate, identity_refusal>
identify(const crypto::context& ctx, const std::vector<crypto::certificate>& tls_chain,
         const net::request& request, const std::vector<crypto::certificate>& roots, time_point now,
         known_devices& known, std::string_view header = {});

} // namespace pomona::server
