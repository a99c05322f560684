// Writing pkiMessages: requests (RFC 8894 section 3.3) and CertRep (section 3.3.2).
#include "pomona/foundation/encoding.hpp"
#include "scep/pki_message.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>

namespace pomona::scep {
namespace {

using crypto::signed_attribute;

signed_attribute printable(const char* oid, std::string_view text) {
    return {oid, V_ASN1_PRINTABLESTRING, to_bytes(text)};
}
template <class Enum>
signed_attribute decimal(const char* oid, Enum value) {
    return printable(oid, std::to_string(static_cast<int>(value)));
}
signed_attribute octets(const char* oid, const bytes& value) {
    return {oid, V_ASN1_OCTET_STRING, value};
}

/// What every CertRep has.
std::vector<signed_attribute> reply_attributes(pki_status status, const reply_options& options) {
    std::vector<signed_attribute> out{decimal(oid::message_type, message_type::cert_rep),
                                      decimal(oid::pki_status, status),
                                      octets(oid::recipient_nonce, options.recipient_nonce),
                                      printable(oid::transaction_id, options.transaction_id)};
    if (!options.sender_nonce.empty()) {
        out.push_back(octets(oid::sender_nonce, options.sender_nonce));
    }
    return out;
}

/// A CertRep without an envelope: the eContent is absent (RFC 8894 section 3.1).
result<bytes> build_bare_reply(const crypto::context& ctx, const crypto::identity& ca,
                               const reply_options& options,
                               std::vector<signed_attribute> attributes) {
    return crypto::sign_cms(ctx, {}, ca,
                            {.digest = openssl_digest(options.signature_digest),
                             .signing_time = options.signing_time,
                             .detached = true,
                             .with_chain = false,
                             .attributes = std::move(attributes)});
}

} // namespace

const EVP_MD* openssl_digest(digest d) {
    switch (d) {
    case digest::sha1:
        return EVP_sha1();
    case digest::sha384:
        return EVP_sha384();
    case digest::sha512:
        return EVP_sha512();
    case digest::sha256:
        break;
    }
    return EVP_sha256();
}

result<bytes> build_request(const crypto::context& ctx, bytes_view content,
                            const crypto::certificate& recipient, const crypto::identity& signer,
                            const request_options& options) {
    if (options.transaction_id.empty() || options.transaction_id.size() > max_transaction_id ||
        !crypto::is_printable_string(options.transaction_id)) {
        return fail(errc::bad_attribute, "transactionID");
    }
    const auto envelope =
        seal(ctx, content, recipient, options.content_cipher, options.legacy, options.ber_envelope);
    if (!envelope) {
        return envelope;
    }
    return crypto::sign_cms(
        ctx, *envelope, signer,
        {.digest = openssl_digest(options.signature_digest),
         .signing_time = options.signing_time,
         .detached = false,
         .with_chain = false,
         .attributes = {decimal(oid::message_type, options.type),
                        octets(oid::sender_nonce, options.sender_nonce),
                        printable(oid::transaction_id, options.transaction_id)}});
}

result<bytes> build_success(const crypto::context& ctx,
                            const std::vector<crypto::certificate>& issued,
                            const crypto::certificate& requester, const crypto::identity& ca,
                            const reply_options& options) {
    const auto content = certs_only(issued);
    if (!content) {
        return content;
    }
    const auto envelope = seal(ctx, *content, requester, options.content_cipher, options.legacy);
    if (!envelope) {
        return envelope;
    }
    return crypto::sign_cms(ctx, *envelope, ca,
                            {.digest = openssl_digest(options.signature_digest),
                             .signing_time = options.signing_time,
                             .detached = false,
                             .with_chain = false,
                             .attributes = reply_attributes(pki_status::success, options)});
}

result<bytes> build_failure(const crypto::context& ctx, fail_info why, std::string_view text,
                            const crypto::identity& ca, const reply_options& options) {
    auto attributes = reply_attributes(pki_status::failure, options);
    attributes.push_back(decimal(oid::fail_info, why));
    if (!text.empty()) {
        attributes.push_back({oid::fail_info_text, V_ASN1_UTF8STRING, to_bytes(text)});
    }
    return build_bare_reply(ctx, ca, options, std::move(attributes));
}

result<bytes> build_pending(const crypto::context& ctx, const crypto::identity& ca,
                            const reply_options& options) {
    return build_bare_reply(ctx, ca, options, reply_attributes(pki_status::pending, options));
}

result<bytes> issuer_and_subject(const crypto::certificate& ca, const crypto::name& subject) {
    ERR_clear_error();
    const auto subject_name = crypto::make_name(subject);
    if (!subject_name) {
        return std::unexpected{subject_name.error()};
    }
    // The name of who issues: an RA does not, its issuer does.
    const auto native = ca.native();
    const auto* issuer =
        ca.is_ca() ? X509_get_subject_name(native.get()) : X509_get_issuer_name(native.get());
    auto content = crypto::encode_der(i2d_X509_NAME, issuer);
    const auto second = crypto::encode_der(i2d_X509_NAME, subject_name->get());
    content.insert(content.end(), second.begin(), second.end());
    const int length = static_cast<int>(content.size());
    bytes out(static_cast<std::size_t>(ASN1_object_size(1, length, V_ASN1_SEQUENCE)));
    auto* cursor = out.data();
    ASN1_put_object(&cursor, 1, length, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    std::copy(content.begin(), content.end(), cursor);
    return out;
}

std::string apple_transaction_id(const crypto::private_key& key) {
    // Apple's SecSCEP: over the PKCS#1 form, which only RSA keys have.
    const auto public_key = key.is_rsa() ? key.public_key_pkcs1() : key.public_key_info();
    return to_hex_upper(crypto::sha1(public_key));
}

} // namespace pomona::scep
