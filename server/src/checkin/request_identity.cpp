#include "checkin/request_identity.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>
#include <optional>

namespace pomona::server {
namespace {

using refusal = std::optional<identity_refusal>;

/// Apple, "Managing certificates": base64 of a detached CMS signature over the exact body. Sets
/// `signer`.
refusal read_signature(const crypto::context& ctx, const net::request& request,
                       crypto::signer_cache& signers, std::optional<crypto::certificate>& signer) {
    const auto count = net::count_headers(request.headers, mdm::signature_header);
    if (count == 0) {
        return {};
    }
    const auto text = net::find_header(request.headers, mdm::signature_header).value_or("");
    if (count > 1 || text.size() > max_signature_header) { // MDM-CHK-031
        return identity_refusal{400, "Mdm-Signature is too long or given twice"};
    }
    const auto cms = from_base64(text);
    if (!cms || cms->empty()) {
        return identity_refusal{400, "Mdm-Signature is not base64"};
    }
    auto verified = signers.verify_detached(ctx, *cms, request.body);
    if (!verified) { // MDM-CHK-029, ENR-013
        return identity_refusal{400, "Mdm-Signature is not a signature over this body"};
    }
    signer = std::move(verified->signer);
    return {};
}

/// Of a proxy that the caller trusts. Sets `shown`.
refusal read_header(const crypto::context& ctx, const net::request& request, std::string_view name,
                    std::optional<crypto::certificate>& shown) {
    const auto count = name.empty() ? 0 : net::count_headers(request.headers, name);
    if (count == 0) {
        return {};
    }
    const auto value = net::find_header(request.headers, name).value_or("");
    if (count > 1 || value.size() > max_signature_header) {
        return identity_refusal{400, "the certificate header is too long or given twice"};
    }
    auto read = read_forwarded(ctx, value);
    if (!read) {
        return identity_refusal{400, "the certificate header holds no certificate"};
    }
    shown = *std::move(read);
    return {};
}

constexpr std::size_t most_known = 4096;

bool valid_at(const crypto::certificate& cert, time_point now) {
    return cert.not_before() <= now && now <= cert.not_after();
}

/// As verify_chain, which has the last word on everything that is not known to be good.
result<void> check_chain(const crypto::certificate& leaf,
                         const std::vector<crypto::certificate>& roots, time_point now,
                         known_devices& known) {
    auto hash = leaf.sha256();
    if (known.chained.contains(hash) && valid_at(leaf, now) &&
        std::ranges::all_of(roots, [now](const auto& root) { return valid_at(root, now); })) {
        return {};
    }
    auto judged = crypto::verify_chain(leaf, {}, roots, now);
    if (judged && known.chained.insert(hash).second) {
        known.order.push_back(std::move(hash));
        if (known.order.size() > most_known) {
            known.chained.erase(known.order.front());
            known.order.pop_front();
        }
    }
    return judged;
}

} // namespace

result<crypto::certificate> read_forwarded(const crypto::context& ctx, std::string_view value) {
    // RFC 9440 section 2.1, RFC 8941 section 3.3.5: base64 between colons.
    if (value.size() > 2 && value.front() == ':' && value.back() == ':') {
        const auto der = from_base64(value.substr(1, value.size() - 2));
        return der ? crypto::certificate::from_der(ctx, *der)
                   : fail(crypto::errc::malformed, "not a byte sequence");
    }
    // Observed (nginx, ssl_client_escaped_cert): PEM, percent-encoded.
    const auto pem = percent_decode(value);
    auto read = pem ? crypto::certificate::from_pem(ctx, as_bytes(*pem))
                    : fail(crypto::errc::malformed, "not percent-encoded");
    if (!read || read->empty()) {
        return fail(crypto::errc::malformed, "neither RFC 9440 nor escaped PEM");
    }
    return std::move(read->front());
}

bool is_trusted_proxy(std::string_view connection_id, const std::vector<std::string>& trusted) {
    // The virtual world has no addresses: nobody else is in its memory.
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (connection_id.size() > 1 && connection_id.front() == 'c' &&
        std::ranges::all_of(connection_id.substr(1), is_digit)) {
        return true;
    }
    const auto client = connection_id.substr(0, connection_id.find('-'));
    const auto host = client.substr(0, client.rfind(':'));
    return std::ranges::any_of(
        trusted, [&](const std::string& one) { return host == one || host == '[' + one + ']'; });
}

std::variant<crypto::certificate, identity_refusal>
identify(const crypto::context& ctx, const std::vector<crypto::certificate>& tls_chain,
         const net::request& request, const std::vector<crypto::certificate>& roots, time_point now,
         known_devices& known, std::string_view header) {
    std::optional<crypto::certificate> proven;
    std::optional<crypto::certificate> forwarded;
    if (auto refused = read_header(ctx, request, header, forwarded)) {
        return std::move(*refused);
    }
    if (auto refused = read_signature(ctx, request, known.signers, proven)) {
        return std::move(*refused);
    }
    if (!tls_chain.empty()) {
        if (proven && proven->sha256() != tls_chain.front().sha256()) {
            return identity_refusal{400, "TLS and Mdm-Signature show different certificates"};
        }
        proven = tls_chain.front();
    }
    if (forwarded) {
        if (proven && proven->sha256() != forwarded->sha256()) {
            return identity_refusal{400, "the proxy's header and the request's own proof show "
                                         "different certificates"};
        }
        proven = std::move(forwarded);
    }
    if (!proven) { // ENR-012
        return identity_refusal{403, "this request needs the device's certificate: present it in "
                                     "TLS or sign with it (Mdm-Signature)"};
    }
    if (const auto chain = check_chain(*proven, roots, now, known); !chain) {
        const auto code = chain.error().code;
        if (code == crypto::errc::expired) { // ENR-083
            return identity_refusal{403, "the device's certificate has expired: enroll again"};
        }
        if (code == crypto::errc::not_yet_valid) {
            return identity_refusal{403, "the device's certificate is not yet valid"};
        }
        return identity_refusal{403, "the device's certificate is not of this server's CA"};
    }
    return std::move(*proven);
}

} // namespace pomona::server
