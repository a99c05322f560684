// Making certificates: self-signed ones and those a CA issues.
#include "crypto/handles.hpp"

#include <openssl/err.h>

#include <array>

namespace pomona::crypto {
namespace {

using bignum_ptr = c_ptr<BIGNUM, BN_free>;
using extension_ptr = c_ptr<X509_EXTENSION, X509_EXTENSION_free>;

result<void> set_serial(X509* cert, const bytes& serial) {
    const bignum_ptr number{BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr)};
    // RFC 5280 section 4.1.2.2: positive, at most 20 octets, the sign bit among them.
    if (serial.empty() || !number || BN_is_zero(number.get()) || BN_num_bits(number.get()) > 159) {
        return fail(errc::unsupported, "certificate serial number");
    }
    const asn1_integer_ptr value{BN_to_ASN1_INTEGER(number.get(), nullptr)};
    if (!value || X509_set_serialNumber(cert, value.get()) != 1) {
        return openssl_failure(errc::library, "certificate serial number");
    }
    return {};
}

result<void> set_validity(X509* cert, const certificate_spec& spec) {
    const auto begin = make_asn1_time(spec.not_before);
    const auto end = make_asn1_time(spec.not_after);
    if (!begin || !end) {
        return std::unexpected{(begin ? end : begin).error()};
    }
    if (X509_set1_notBefore(cert, begin->get()) != 1 || X509_set1_notAfter(cert, end->get()) != 1) {
        return openssl_failure(errc::library, "validity");
    }
    return {};
}

result<void> add_basic_constraints(STACK_OF(X509_EXTENSION) * *list, const certificate_spec& spec) {
    const basic_constraints_ptr value{BASIC_CONSTRAINTS_new()};
    if (!value) {
        return openssl_failure(errc::library, "basicConstraints");
    }
    value->ca = spec.ca ? 0xff : 0;
    if (spec.ca && spec.path_length) {
        value->pathlen = ASN1_INTEGER_new();
        if (value->pathlen == nullptr ||
            ASN1_INTEGER_set_int64(value->pathlen, *spec.path_length) != 1) {
            return openssl_failure(errc::library, "basicConstraints");
        }
    }
    return add_extension(list, NID_basic_constraints, true, value.get());
}

result<void> add_extended_usage(STACK_OF(X509_EXTENSION) * *list,
                                const std::vector<std::string>& usages) {
    if (usages.empty()) {
        return {};
    }
    const c_ptr<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> value{EXTENDED_KEY_USAGE_new()};
    for (const auto& text : usages) {
        auto oid = make_oid(text);
        if (!oid) {
            return std::unexpected{oid.error()};
        }
        if (!value || sk_ASN1_OBJECT_push(value.get(), oid->get()) <= 0) {
            return openssl_failure(errc::library, "extendedKeyUsage");
        }
        [[maybe_unused]] const auto* owned_by_list = oid->release();
    }
    return add_extension(list, NID_ext_key_usage, false, value.get());
}

/// RFC 5280 section 4.2.1.2, method 1: SHA-1 over the public key's bits.
result<asn1_octet_string_ptr> key_identifier(const X509* cert) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    asn1_octet_string_ptr out{ASN1_OCTET_STRING_new()};
    if (!out || X509_pubkey_digest(cert, EVP_sha1(), digest.data(), &length) != 1 ||
        ASN1_OCTET_STRING_set(out.get(), digest.data(), static_cast<int>(length)) != 1) {
        return openssl_failure(errc::library, "subjectKeyIdentifier");
    }
    return out;
}

result<void> add_key_identifiers(STACK_OF(X509_EXTENSION) * *list, const X509* cert, X509* issuer) {
    const auto own = key_identifier(cert);
    if (!own) {
        return std::unexpected{own.error()};
    }
    if (auto added = add_extension(list, NID_subject_key_identifier, false, own->get()); !added) {
        return added;
    }
    // RFC 5280 section 4.2.1.1: the issuer's subjectKeyIdentifier, whatever way it was made.
    const auto* stated = issuer == nullptr ? own->get() : X509_get0_subject_key_id(issuer);
    auto computed = issuer != nullptr && stated == nullptr ? key_identifier(issuer)
                                                           : result<asn1_octet_string_ptr>{};
    if (!computed) {
        return std::unexpected{computed.error()};
    }
    const c_ptr<AUTHORITY_KEYID, AUTHORITY_KEYID_free> value{AUTHORITY_KEYID_new()};
    if (value) {
        value->keyid = ASN1_OCTET_STRING_dup(stated != nullptr ? stated : computed->get());
    }
    if (!value || value->keyid == nullptr) {
        return openssl_failure(errc::library, "authorityKeyIdentifier");
    }
    return add_extension(list, NID_authority_key_identifier, false, value.get());
}

result<void> add_other(STACK_OF(X509_EXTENSION) * list,
                       const std::vector<std::pair<std::string, bytes>>& extensions) {
    for (const auto& [dotted, der] : extensions) {
        const auto oid = make_oid(dotted);
        if (!oid) {
            return std::unexpected{oid.error()};
        }
        const asn1_octet_string_ptr value{ASN1_OCTET_STRING_new()};
        extension_ptr made{
            value && ASN1_OCTET_STRING_set(value.get(), der.data(), static_cast<int>(der.size()))
                ? X509_EXTENSION_create_by_OBJ(nullptr, oid->get(), 0, value.get())
                : nullptr};
        if (!made || sk_X509_EXTENSION_push(list, made.get()) <= 0) {
            return openssl_failure(errc::library, "extension " + dotted);
        }
        [[maybe_unused]] const auto* owned_by_list = made.release();
    }
    return {};
}

/// `issuer` is null for a self-signed certificate.
result<void> add_extensions(X509* cert, const certificate_spec& spec, X509* issuer) {
    STACK_OF(X509_EXTENSION)* raw = nullptr;
    auto done = add_basic_constraints(&raw, spec);
    const extension_stack_ptr list{raw};
    if (done) {
        done = add_key_usage(&raw, spec.usage);
    }
    if (done) {
        done = add_extended_usage(&raw, spec.extended_usage);
    }
    if (done) {
        done = add_key_identifiers(&raw, cert, issuer);
    }
    if (done) {
        done = add_alternative_names(&raw, spec.dns_names);
    }
    if (done) {
        done = add_other(raw, spec.extensions);
    }
    for (int i = 0; done && i < sk_X509_EXTENSION_num(list.get()); ++i) {
        if (X509_add_ext(cert, sk_X509_EXTENSION_value(list.get(), i), -1) != 1) {
            return openssl_failure(errc::library, "extensions");
        }
    }
    return done;
}

result<certificate> make_certificate(const certificate_spec& spec, EVP_PKEY* public_key,
                                     const private_key& signer, X509* issuer) {
    const auto& ctx = signer.owner();
    x509_ptr cert{X509_new_ex(ctx.native(), nullptr)};
    const auto subject = make_name(spec.subject);
    if (!subject) {
        return std::unexpected{subject.error()};
    }
    const auto* issuer_name = issuer == nullptr ? subject->get() : X509_get_subject_name(issuer);
    if (!cert || X509_set_version(cert.get(), X509_VERSION_3) != 1 ||
        X509_set_subject_name(cert.get(), subject->get()) != 1 ||
        X509_set_issuer_name(cert.get(), issuer_name) != 1 ||
        X509_set_pubkey(cert.get(), public_key) != 1) {
        return openssl_failure(errc::library, "certificate");
    }
    auto done = set_serial(cert.get(), spec.serial);
    if (done) {
        done = set_validity(cert.get(), spec);
    }
    if (done) {
        done = add_extensions(cert.get(), spec, issuer);
    }
    if (!done) {
        return std::unexpected{done.error()};
    }
    if (X509_sign(cert.get(), signer.native().get(), EVP_sha256()) <= 0) {
        return openssl_failure(errc::library, "signing a certificate");
    }
    return certificate_factory::adopt(ctx, std::move(cert));
}

} // namespace

result<certificate> self_sign(const certificate_spec& spec, const private_key& key) {
    ERR_clear_error();
    return make_certificate(spec, key.native().get(), key, nullptr);
}

result<certificate> issue(const certificate_spec& spec, bytes_view spki, const identity& issuer) {
    ERR_clear_error();
    const auto* cursor = spki.data();
    const evp_pkey_ptr subject_key{d2i_PUBKEY_ex(nullptr, &cursor, static_cast<long>(spki.size()),
                                                 issuer.key.owner().native(), nullptr)};
    if (!subject_key || cursor != spki.data() + spki.size()) {
        return openssl_failure(errc::malformed, "public key to be certified");
    }
    if (X509_check_private_key(issuer.cert.native().get(), issuer.key.native().get()) != 1) {
        return openssl_failure(errc::wrong_key, "the issuer's key is not its certificate's");
    }
    return make_certificate(spec, subject_key.get(), issuer.key, issuer.cert.native().get());
}

} // namespace pomona::crypto
