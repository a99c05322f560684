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

std::variant<crypto::certificate, identity_refusal>
identify(const crypto::context& ctx, const std::vector<crypto::certificate>& tls_chain,
         const net::request& request, const std::vector<crypto::certificate>& roots, time_point now,
         known_devices& known) {
    std::optional<crypto::certificate> proven;
    if (auto refused = read_signature(ctx, request, known.signers, proven)) {
        return std::move(*refused);
    }
    if (!tls_chain.empty()) {
        if (proven && proven->sha256() != tls_chain.front().sha256()) {
            return identity_refusal{400, "TLS and Mdm-Signature show different certificates"};
        }
        proven = tls_chain.front();
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
