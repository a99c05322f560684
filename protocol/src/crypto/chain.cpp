// Building and judging a path of certificates (RFC 5280 section 6) at the caller's time.
#include "crypto/handles.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace pomona::crypto {
namespace {

using store_ptr = c_ptr<X509_STORE, X509_STORE_free>;
using store_ctx_ptr = c_ptr<X509_STORE_CTX, X509_STORE_CTX_free>;

errc meaning(int verify_error) {
    switch (verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return errc::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return errc::not_yet_valid;
    default:
        return errc::untrusted;
    }
}

/// `at`: nullopt when validity does not matter.
result<void> find_path(const certificate& leaf, const std::vector<certificate>& intermediates,
                       const std::vector<certificate>& anchors, std::optional<time_point> at) {
    ERR_clear_error();
    const store_ptr store{X509_STORE_new()};
    const x509_stack_ptr untrusted{sk_X509_new_null()};
    // The leaf's own context: its public key's operations are fetched there.
    const store_ctx_ptr path{
        X509_STORE_CTX_new_ex(certificate_factory::owner(leaf).native(), nullptr)};
    if (!store || !untrusted || !path) {
        return openssl_failure(errc::library, "certificate path");
    }
    for (const auto& anchor : anchors) {
        if (X509_STORE_add_cert(store.get(), anchor.native().get()) != 1) {
            return openssl_failure(errc::library, "trust anchor");
        }
    }
    for (const auto& cert : intermediates) {
        if (!push(untrusted.get(), cert)) {
            return openssl_failure(errc::library, "intermediate certificate");
        }
    }
    if (X509_STORE_CTX_init(path.get(), store.get(), leaf.native().get(), untrusted.get()) != 1) {
        return openssl_failure(errc::library, "certificate path");
    }
    auto* parameters = X509_STORE_CTX_get0_param(path.get());
    if (at) {
        const auto seconds =
            std::chrono::floor<std::chrono::seconds>(*at).time_since_epoch().count();
        X509_VERIFY_PARAM_set_time(parameters, static_cast<std::time_t>(seconds));
    }
    X509_VERIFY_PARAM_set_flags(
        parameters, X509_V_FLAG_PARTIAL_CHAIN |
                        (at ? 0UL : static_cast<unsigned long>(X509_V_FLAG_NO_CHECK_TIME)));
    if (X509_verify_cert(path.get()) == 1) {
        ERR_clear_error();
        return {};
    }
    ERR_clear_error();
    const int why = X509_STORE_CTX_get_error(path.get());
    const int depth = X509_STORE_CTX_get_error_depth(path.get());
    return fail(meaning(why), std::string{X509_verify_cert_error_string(why)} + " at depth " +
                                  std::to_string(depth));
}

} // namespace

result<void> verify_chain(const certificate& leaf, const std::vector<certificate>& intermediates,
                          const std::vector<certificate>& anchors, time_point at) {
    return find_path(leaf, intermediates, anchors, at);
}

result<void> verify_chain_whenever(const certificate& leaf,
                                   const std::vector<certificate>& intermediates,
                                   const std::vector<certificate>& anchors) {
    return find_path(leaf, intermediates, anchors, std::nullopt);
}

} // namespace pomona::crypto
