// Certificate payloads: com.apple.security.root and .pkcs1 hold DER, .pem holds PEM.
#include "keys.hpp"
#include "pomona/protocol/crypto/pkcs12.hpp"

namespace pomona::profile {

result<std::vector<crypto::certificate>> read_certificates(const crypto::context& ctx,
                                                           const payload& p) {
    if (p.type != root_type && p.type != pkcs1_type && p.type != pem_type) {
        return fail(errc::unsupported_value, "not a certificate payload", p.type);
    }
    keys k{p.content, p.type};
    const auto content = k.data_or_empty("PayloadContent");
    if (content.empty()) {
        k.note(errc::missing_key, "PayloadContent");
    }
    if (auto read = k.outcome(); !read) {
        return std::unexpected(read.error());
    }
    if (p.type == pem_type) {
        auto all = crypto::certificate::from_pem(ctx, content);
        return all ? std::move(all) : fail(errc::malformed, p.type + ": " + all.error().message());
    }
    auto one = crypto::certificate::from_der(ctx, content);
    if (!one) {
        return fail(errc::malformed, p.type + ": " + one.error().message());
    }
    return std::vector{std::move(*one)};
}

result<crypto::identity> read_pkcs12(const crypto::context& ctx, const payload& p) {
    if (p.type != pkcs12_type) {
        return fail(errc::unsupported_value, "not an identity payload", p.type);
    }
    keys k{p.content, p.type};
    const auto content = k.data_or_empty("PayloadContent");
    const auto password = k.text_or("Password");
    if (content.empty()) {
        k.note(errc::missing_key, "PayloadContent");
    }
    if (auto read = k.outcome(); !read) {
        return std::unexpected(read.error());
    }
    auto identity = crypto::read_pkcs12(ctx, content, password);
    return identity ? std::move(identity)
                    : fail(errc::malformed, p.type + ": " + identity.error().message());
}

} // namespace pomona::profile
