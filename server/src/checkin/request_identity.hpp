// Who sends a device's request: the certificate proven by TLS, by Mdm-Signature, or by both. No
// I/O.
#pragma once

#include "pomona/net/http.hpp"
#include "pomona/protocol/crypto/certificate.hpp"

#include <string>
#include <variant>

namespace pomona::server {

struct identity_refusal {
    unsigned status = 403; ///< 400 or 403; never 401, which would unenroll the Mac
    std::string text;
};

/// A header longer than this is refused unread; real ones stay below 4 KiB.
inline constexpr std::size_t max_signature_header = 10U << 10U;

/// `tls_chain`: what the client presented in the handshake, leaf first; possession is proven.
std::variant<crypto::certificate, identity_refusal>
identify(const crypto::context& ctx, const std::vector<crypto::certificate>& tls_chain,
         const net::request& request, const crypto::certificate& root, time_point now);

} // namespace pomona::server
