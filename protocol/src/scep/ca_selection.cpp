#include "scep/ca_selection.hpp"

#include "scep/pki_message.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>

namespace pomona::scep {
namespace {

using crypto::certificate;

constexpr std::size_t max_bag = 20; ///< each is tried as the issuer of each other

// RFC 5280 section 4.2.1.3: without the extension the key may be used for anything.
bool may_sign(const certificate& cert) {
    const auto usage = cert.usage();
    return !usage || usage->digital_signature;
}
bool may_encrypt(const certificate& cert) {
    const auto usage = cert.usage();
    return !usage || usage->key_encipherment;
}

bool issued(const certificate& issuer, const certificate& subject) {
    const bool yes =
        X509_check_issued(issuer.native().get(), subject.native().get()) == X509_V_OK &&
        X509_verify(subject.native().get(), X509_get0_pubkey(issuer.native().get())) == 1;
    ERR_clear_error();
    return yes;
}

struct chained {
    const certificate* leaf;
    const certificate* top;
};

/// Every certificate that another one of the bag issued, with the last of its chain.
std::vector<chained> chains(const std::vector<certificate>& bag) {
    std::vector<chained> out;
    for (const auto& leaf : bag) {
        const auto* top = &leaf;
        for (std::size_t length = 1; length < bag.size(); ++length) {
            const auto up = std::ranges::find_if(bag, [&](const certificate& other) {
                return &other != top && issued(other, *top);
            });
            if (up == bag.end() || top->is_self_signed()) {
                break;
            }
            top = &*up;
        }
        if (top != &leaf) {
            out.push_back({&leaf, top});
        }
    }
    return out;
}

result<ca_certificates> use(const certificate& signs, const certificate& encrypts,
                            const certificate& top, bool any_usage = false) {
    // RFC 8894 section 2.1.2. Observed: Apple's client fails while it builds the envelope.
    if (!any_usage && !may_encrypt(encrypts)) {
        return fail(errc::no_capability, "the CA certificate's KeyUsage has no keyEncipherment "
                                         "(only the setting scep-legacy permits that)");
    }
    if (!encrypts.key_is_rsa() || encrypts.key_bits() < min_rsa_bits) {
        return fail(errc::refused_algorithm, "CA without an RSA key of 2048 bits or more");
    }
    return ca_certificates{signs, encrypts, top};
}

} // namespace

result<ca_certificates> take_ca(const certificate& ca, bool any_usage) {
    // Observed: the CA certificate of Go's scepserver 2.1.0 has keyCertSign and cRLSign only.
    return use(ca, ca, ca, any_usage);
}

result<ca_certificates> choose_ca(const std::vector<certificate>& bag) {
    if (bag.empty() || bag.size() > max_bag) {
        return fail(errc::malformed, std::to_string(bag.size()) + " CA certificates");
    }
    // Observed in Apple's SecSCEP: only chains longer than one certificate count, and all have to
    // end at the same CA.
    const auto found = chains(bag);
    if (found.empty()) {
        return fail(errc::no_capability, "no certificate of the list issued another one");
    }
    const auto& top = *found.front().top;
    if (!std::ranges::all_of(found, [&](const chained& c) { return c.top == &top; })) {
        return fail(errc::no_capability, "the CA certificates have more than one root");
    }
    const auto first = [&](auto&& fits) -> const certificate* {
        const auto at =
            std::ranges::find_if(found, [&](const chained& c) { return fits(*c.leaf); });
        return at == found.end() ? nullptr : at->leaf;
    };
    // An RA before an issuing CA, whatever the order: the CA's key is for certificates.
    for (const bool ca : {false, true}) {
        const auto* both = first([ca](const certificate& c) {
            return c.is_ca() == ca && may_sign(c) && may_encrypt(c);
        });
        if (both != nullptr) {
            return use(*both, *both, top);
        }
        const auto* signs =
            first([ca](const certificate& c) { return c.is_ca() == ca && may_sign(c); });
        const auto* encrypts =
            first([ca](const certificate& c) { return c.is_ca() == ca && may_encrypt(c); });
        if (signs != nullptr && encrypts != nullptr) {
            return use(*signs, *encrypts, top);
        }
    }
    return fail(errc::no_capability,
                "no CA or RA certificate for both digitalSignature and keyEncipherment");
}

result<void> check_fingerprint(const certificate& top, bytes_view expected) {
    const char* algorithm = nullptr;
    switch (expected.size()) {
    case 16:
        algorithm = "MD5"; // as old profiles have it; nothing is signed with it
        break;
    case 20:
        algorithm = "SHA1";
        break;
    case 32:
        algorithm = "SHA256";
        break;
    default:
        return fail(errc::mismatch, "CA fingerprint of an unknown length");
    }
    const auto der = top.der();
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> actual{};
    std::size_t length = 0;
    if (EVP_Q_digest(nullptr, algorithm, nullptr, der.data(), der.size(), actual.data(), &length) !=
        1) {
        return crypto::openssl_failure(crypto::errc::library, "CA fingerprint");
    }
    if (!crypto::equal_constant_time(bytes_view{actual}.first(length), expected)) {
        return fail(errc::mismatch, "CA fingerprint");
    }
    return {};
}

} // namespace pomona::scep
