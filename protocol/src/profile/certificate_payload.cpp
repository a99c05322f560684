// Certificate payloads: com.apple.security.root and .pkcs1 hold DER, .pem holds PEM.
#include "keys.hpp"

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

} // namespace pomona::profile
