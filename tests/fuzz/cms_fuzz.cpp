// Signatures, certificates and keys from arbitrary bytes.
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "property.hpp"

namespace {

using namespace pomona;

/// Every accessor has to stand whatever the certificate says.
void look_at(const crypto::context& ctx, const crypto::certificate& cert) {
    const auto again = crypto::certificate::from_der(ctx, cert.der());
    if (again) {
        must(again->der() == cert.der());
        must(again->subject() == cert.subject() && again->issuer() == cert.issuer());
    }
    static_cast<void>(to_text(cert.subject()));
    static_cast<void>(cert.serial_hex());
    static_cast<void>(cert.usage());
    static_cast<void>(cert.extended_key_usage());
    static_cast<void>(cert.dns_names());
    static_cast<void>(cert.is_ca());
    static_cast<void>(cert.is_self_signed());
    static_cast<void>(cert.key_bits());
    must(cert.not_before() <= time_point::max());
    static_cast<void>(crypto::verify_chain(cert, {}, {cert}, time_point{}));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto ctx = crypto::context::system();
    const bytes_view input{data, size};
    if (const auto detached = crypto::verify_detached(ctx, input, as_bytes("body"))) {
        must(detached->content.empty());
        must(crypto::looks_like_cms(input));
        must(!crypto::verify_detached(ctx, input, as_bytes("other")));
        look_at(ctx, detached->signer);
    }
    if (const auto attached = crypto::verify_attached(ctx, input)) {
        must(!crypto::verify_detached(ctx, input, attached->content));
        for (const auto& cert : attached->certificates) {
            look_at(ctx, cert);
        }
    }
    if (const auto cert = crypto::certificate::from_der(ctx, input)) {
        look_at(ctx, *cert);
    }
    static_cast<void>(crypto::certificate::from_pem(ctx, input));
    if (const auto key = crypto::private_key::from_der(ctx, input)) {
        must(crypto::private_key::from_der(ctx, key->to_der()).has_value());
    }
    static_cast<void>(crypto::private_key::from_pem(ctx, input));
    return 0;
}
