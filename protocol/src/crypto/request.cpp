// PKCS#10 certification requests (RFC 2986), as SCEP carries them.
#include "crypto/handles.hpp"

#include <openssl/err.h>

namespace pomona::crypto {
namespace {

constexpr std::size_t max_request_bytes = std::size_t{64} * 1024;

result<void> add_challenge(X509_REQ* request, const std::string& challenge) {
    // Observed: macOS and certmonger write a PrintableString, strongSwan a UTF8String; RFC 2985
    // section 5.4.1 asks for PrintableString where the characters permit it.
    const int type = is_printable_string(challenge) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
    if (X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword, type,
                                  reinterpret_cast<const unsigned char*>(challenge.data()),
                                  static_cast<int>(challenge.size())) != 1) {
        return openssl_failure(errc::library, "challengePassword");
    }
    return {};
}

result<void> add_requested_extensions(X509_REQ* request, const request_spec& spec) {
    STACK_OF(X509_EXTENSION)* raw = nullptr;
    auto done = spec.usage ? add_key_usage(&raw, *spec.usage) : result<void>{};
    if (done) {
        done = add_alternative_names(&raw, spec.dns_names);
    }
    const extension_stack_ptr list{raw};
    if (done && list && X509_REQ_add_extensions(request, list.get()) != 1) {
        return openssl_failure(errc::library, "extensionRequest");
    }
    return done;
}

/// nullopt: no challenge. RFC 2985 section 5.4.1: one DirectoryString.
result<std::optional<std::string>> read_challenge(const X509_REQ* request) {
    const int at = X509_REQ_get_attr_by_NID(request, NID_pkcs9_challengePassword, -1);
    if (at < 0) {
        return std::nullopt;
    }
    auto* attribute = X509_REQ_get_attr(request, at);
    const bool once = X509_REQ_get_attr_by_NID(request, NID_pkcs9_challengePassword, at) < 0 &&
                      X509_ATTRIBUTE_count(attribute) == 1;
    const auto* value = once ? X509_ATTRIBUTE_get0_type(attribute, 0) : nullptr;
    if (value == nullptr) {
        return fail(errc::malformed, "challengePassword with other than one value");
    }
    switch (value->type) {
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_UTF8STRING:
    case V_ASN1_T61STRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
    case V_ASN1_IA5STRING: // not a DirectoryString, but written by some
        break;
    default:
        return fail(errc::malformed, "challengePassword that is no string");
    }
    auto text = string_as_utf8(value->value.asn1_string);
    if (!text) {
        return fail(errc::malformed, "characters of challengePassword");
    }
    return text;
}

std::vector<std::string> read_requested_names(X509_REQ* request) {
    const extension_stack_ptr extensions{X509_REQ_get_extensions(request)};
    const general_names_ptr names{static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr))};
    ERR_clear_error();
    return read_alternative_names(names.get());
}

bool signed_with_md5(const X509_REQ* request) {
    int digest_nid = NID_undef;
    return OBJ_find_sigid_algs(X509_REQ_get_signature_nid(request), &digest_nid, nullptr) == 1 &&
           (digest_nid == NID_md5 || digest_nid == NID_md2 || digest_nid == NID_md4);
}

} // namespace

result<bytes> make_request(const request_spec& spec, const private_key& key) {
    ERR_clear_error();
    const x509_req_ptr request{X509_REQ_new_ex(key.owner().native(), nullptr)};
    const auto subject = make_name(spec.subject);
    if (!subject) {
        return std::unexpected{subject.error()};
    }
    if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_subject_name(request.get(), subject->get()) != 1 ||
        X509_REQ_set_pubkey(request.get(), key.native().get()) != 1) {
        return openssl_failure(errc::library, "certification request");
    }
    auto done = spec.challenge ? add_challenge(request.get(), *spec.challenge) : result<void>{};
    if (done) {
        done = add_requested_extensions(request.get(), spec);
    }
    if (!done) {
        return std::unexpected{done.error()};
    }
    if (X509_REQ_sign(request.get(), key.native().get(), EVP_sha256()) <= 0) {
        return openssl_failure(errc::library, "signing a certification request");
    }
    return encode_der(i2d_X509_REQ, request.get());
}

result<request_info> read_request(const context& ctx, bytes_view der) {
    ERR_clear_error();
    if (der.size() > max_request_bytes) {
        return fail(errc::too_large, "certification request");
    }
    X509_REQ* raw = X509_REQ_new_ex(ctx.native(), nullptr);
    const auto* cursor = der.data();
    const bool parsed =
        raw != nullptr && d2i_X509_REQ(&raw, &cursor, static_cast<long>(der.size())) != nullptr;
    const x509_req_ptr request{raw};
    if (!parsed || !request) {
        return openssl_failure(errc::malformed, "certification request");
    }
    if (cursor != der.data() + der.size()) {
        return fail(errc::malformed, "bytes after the certification request");
    }
    auto* key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr) {
        return openssl_failure(errc::unsupported, "public key of a certification request");
    }
    if (signed_with_md5(request.get())) {
        return fail(errc::unsupported, "certification request signed with MD5");
    }
    if (X509_REQ_verify_ex(request.get(), key, ctx.native(), nullptr) != 1) {
        return openssl_failure(errc::signature_invalid, "proof of possession");
    }
    auto challenge = read_challenge(request.get());
    if (!challenge) {
        return std::unexpected{challenge.error()};
    }
    return request_info{.subject = read_name(X509_REQ_get_subject_name(request.get())),
                        .challenge = *std::move(challenge),
                        .public_key_info =
                            encode_der(i2d_X509_PUBKEY, X509_REQ_get_X509_PUBKEY(request.get())),
                        .key_is_rsa = EVP_PKEY_is_a(key, "RSA") == 1,
                        .key_bits = EVP_PKEY_get_bits(key),
                        .dns_names = read_requested_names(request.get())};
}

} // namespace pomona::crypto
