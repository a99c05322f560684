#include "apns/push_upload.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/signature.hpp"
#include "pomona/protocol/plist/codec.hpp"

namespace pomona::sim::apns {
namespace {

using crypto::errc;

constexpr std::size_t max_upload_bytes = std::size_t{64} * 1024;
constexpr int min_key_bits = 2048;

constexpr const char* request_key = "PushCertRequestCSR";
constexpr const char* signature_key = "PushCertSignature";
constexpr const char* chain_key = "PushCertCertificateChain";

struct parts {
    bytes request;
    bytes signature;
    std::vector<crypto::certificate> chain;
};

result<parts> take_apart(const crypto::context& ctx, const plist::dict& d) {
    const auto text = [&](const char* key) {
        const auto* found = d.string(key);
        return found == nullptr ? std::string{} : *found;
    };
    const auto request = from_base64_liberal(text(request_key));
    const auto signature = from_base64_liberal(text(signature_key));
    if (!request || request->empty() || !signature || signature->empty()) {
        return fail(errc::malformed, "PushCertRequestCSR and PushCertSignature are base64 texts");
    }
    auto chain = crypto::certificate::from_pem(ctx, as_bytes(text(chain_key)));
    if (!chain) {
        return fail(errc::malformed, "PushCertCertificateChain holds no PEM certificates");
    }
    return parts{.request = *request, .signature = *signature, .chain = *std::move(chain)};
}

} // namespace

std::string write_push_upload(bytes_view request, bytes_view signature,
                              const std::vector<crypto::certificate>& chain) {
    std::string pem;
    for (const auto& cert : chain) {
        pem += cert.pem();
    }
    const plist::dict d{
        {request_key, to_base64(request)}, {signature_key, to_base64(signature)}, {chain_key, pem}};
    return to_base64(plist::to_xml(plist::value{d}));
}

result<crypto::request_info> read_push_upload(const crypto::context& ctx, std::string_view upload,
                                              const crypto::certificate& root, time_point now) {
    if (upload.size() > max_upload_bytes) {
        return fail(errc::too_large, "the upload is larger than 64 KiB");
    }
    const auto raw = from_base64_liberal(upload);
    const auto d = raw ? plist::parse_dict(*raw) : result<plist::dict>{fail(errc::malformed)};
    if (!d) {
        return fail(errc::malformed, "the upload is base64 of a property list");
    }
    const auto all = take_apart(ctx, *d);
    if (!all) {
        return std::unexpected(all.error());
    }
    const auto& vendor = all->chain.front();
    // Complete: the root itself has to be in it, as Apple wants it.
    if (all->chain.back().der() != root.der()) {
        return fail(errc::untrusted, "PushCertCertificateChain does not end in the root");
    }
    const std::vector<crypto::certificate> between{all->chain.begin() + 1, all->chain.end()};
    if (!crypto::verify_chain(vendor, between, {root}, now)) {
        return fail(errc::untrusted, "PushCertCertificateChain is no chain that holds now");
    }
    if (!vendor.key_is_rsa() ||
        !crypto::verify_sha256(ctx, all->request, all->signature, vendor.public_key_info())) {
        return fail(errc::signature_invalid,
                    "PushCertSignature is not the vendor's, over the DER of the request");
    }
    auto request = crypto::read_request(ctx, all->request);
    if (!request) {
        return fail(errc::malformed, "PushCertRequestCSR is no certification request");
    }
    if (!request->key_is_rsa || request->key_bits < min_key_bits) {
        return fail(errc::unsupported, "the request's key is not RSA with 2048 bits");
    }
    return request;
}

} // namespace pomona::sim::apns
