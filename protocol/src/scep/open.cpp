// Reading the outside of a pkiMessage (RFC 8894 section 3.2).
#include "scep/pki_message.hpp"

#include <openssl/err.h>

#include <charconv>

namespace pomona::scep {
namespace {

/// The content of a signed attribute with one value of `type`; nullopt when it is absent.
result<std::optional<bytes>> attribute(const CMS_SignerInfo* info, const char* oid, int type,
                                       std::string_view called) {
    const auto object = crypto::make_oid(oid);
    if (!object) {
        return std::unexpected{object.error()};
    }
    if (CMS_signed_get_attr_by_OBJ(info, object->get(), -1) < 0) {
        return std::nullopt;
    }
    // -3: the attribute is there once, and has one value.
    const auto* value = static_cast<const ASN1_STRING*>(
        CMS_signed_get0_data_by_OBJ(const_cast<CMS_SignerInfo*>(info), object->get(), -3, type));
    ERR_clear_error();
    if (value == nullptr) {
        return fail(errc::bad_attribute, std::string{called});
    }
    const auto* data = ASN1_STRING_get0_data(value);
    return bytes(data, data + ASN1_STRING_length(value));
}

/// RFC 8894 section 3.2.1: numbers are decimal text in a PrintableString.
result<std::optional<int>> number(const CMS_SignerInfo* info, const char* oid,
                                  std::string_view called) {
    const auto read = attribute(info, oid, V_ASN1_PRINTABLESTRING, called);
    if (!read) {
        return std::unexpected{read.error()};
    }
    const auto& text = *read;
    if (!text) {
        return std::nullopt;
    }
    const auto digits = as_text(*text);
    int value = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (problem != std::errc{} || end != digits.data() + digits.size() || value < 0 ||
        digits.size() > 4) {
        return fail(errc::bad_attribute, std::string{called}, std::string{digits});
    }
    return value;
}

result<std::optional<bytes>> nonce(const CMS_SignerInfo* info, const char* oid,
                                   std::string_view called) {
    auto read = attribute(info, oid, V_ASN1_OCTET_STRING, called);
    if (!read) {
        return read;
    }
    if (const auto& value = *read; value && (value->empty() || value->size() > max_nonce)) {
        return fail(errc::bad_attribute, std::string{called} + " length");
    }
    return read;
}

result<std::string> read_transaction_id(const CMS_SignerInfo* info) {
    const auto read = attribute(info, oid::transaction_id, V_ASN1_PRINTABLESTRING, "transactionID");
    if (!read) {
        return std::unexpected{read.error()};
    }
    const auto& value = *read;
    if (!value) {
        return fail(errc::missing_attribute, "transactionID");
    }
    if (value->empty() || value->size() > max_transaction_id) {
        return fail(errc::bad_attribute, "transactionID length");
    }
    return pomona::to_text(bytes_view{*value});
}

result<message_type> read_type(const CMS_SignerInfo* info) {
    const auto read = number(info, oid::message_type, "messageType");
    if (!read) {
        return std::unexpected{read.error()};
    }
    const auto& value = *read;
    if (!value) {
        return fail(errc::missing_attribute, "messageType");
    }
    switch (*value) {
    case 3:
    case 17:
    case 19:
    case 20:
    case 21:
    case 22:
        return static_cast<message_type>(*value);
    default:
        return fail(errc::unknown_type, "messageType " + std::to_string(*value));
    }
}

/// pkiStatus, failInfo and failInfoText of a CertRep.
result<void> read_status(const CMS_SignerInfo* info, signed_message& out) {
    const auto status = number(info, oid::pki_status, "pkiStatus");
    const auto failure = number(info, oid::fail_info, "failInfo");
    const auto text = attribute(info, oid::fail_info_text, V_ASN1_UTF8STRING, "failInfoText");
    if (!status || !failure || !text) {
        return std::unexpected{!status    ? status.error()
                               : !failure ? failure.error()
                                          : text.error()};
    }
    if (const auto& value = *status) {
        if (*value != 0 && *value != 2 && *value != 3) {
            return fail(errc::bad_attribute, "pkiStatus " + std::to_string(*value));
        }
        out.status = static_cast<pki_status>(*value);
    }
    if (const auto& value = *failure) {
        if (*value > 4) {
            return fail(errc::bad_attribute, "failInfo " + std::to_string(*value));
        }
        out.failure = static_cast<fail_info>(*value);
    }
    if (const auto& value = *text) {
        out.failure_text = pomona::to_text(bytes_view{*value});
    }
    // RFC 8894 section 3.2.1.3: every CertRep has a status.
    if (out.type == message_type::cert_rep && !out.status) {
        return fail(errc::missing_attribute, "pkiStatus");
    }
    return {};
}

result<void> read_attributes(const CMS_SignerInfo* info, signed_message& out) {
    auto id = read_transaction_id(info);
    const auto type = read_type(info);
    auto sender = nonce(info, oid::sender_nonce, "senderNonce");
    auto recipient = nonce(info, oid::recipient_nonce, "recipientNonce");
    if (!type || !id || !sender || !recipient) {
        return std::unexpected{!type     ? type.error()
                               : !id     ? id.error()
                               : !sender ? sender.error()
                                         : recipient.error()};
    }
    // RFC 8894 section 3.2.1.5: requests need a senderNonce. Observed: some CAs send none.
    if (!*sender && *type != message_type::cert_rep) {
        return fail(errc::missing_attribute, "senderNonce");
    }
    out.type = *type;
    out.transaction_id = *std::move(id);
    out.sender_nonce = std::move(*sender).value_or(bytes{});
    out.recipient_nonce = *std::move(recipient);
    out.signing_time = crypto::signing_time_of(info);
    return read_status(info, out);
}

std::optional<digest> digest_of(const crypto::signer_view& signer) {
    switch (signer.digest) {
    case NID_sha1:
        return digest::sha1;
    case NID_sha256:
        return digest::sha256;
    case NID_sha384:
        return digest::sha384;
    case NID_sha512:
        return digest::sha512;
    default:
        return std::nullopt;
    }
}

result<crypto::cms_ptr> parse(const crypto::context& ctx, bytes_view der) {
    if (der.size() > max_message_bytes) {
        return fail(errc::malformed, "pkiMessage too large");
    }
    auto cms = crypto::parse_cms(ctx, der);
    if (!cms) {
        return fail(errc::malformed, cms.error().detail);
    }
    return cms;
}

} // namespace

result<signed_message> open_message(const crypto::context& ctx, bytes_view der,
                                    const std::vector<crypto::certificate>& known) {
    const auto cms = parse(ctx, der);
    if (!cms) {
        return std::unexpected{cms.error()};
    }
    const auto signer = crypto::find_signer(cms->get(), known);
    if (!signer) {
        return fail(errc::malformed, signer.error().detail);
    }
    const auto signature_digest = digest_of(*signer);
    if (!signature_digest || !crypto::digests_permitted(*signer)) {
        return fail(errc::refused_algorithm, "digest of the signature");
    }
    // RFC 8894 section 3.1: without an envelope the eContent is absent, which OpenSSL takes for a
    // detached signature, over no octets.
    const bool absent = crypto::content_is_absent(cms->get());
    const auto no_octets = crypto::reading_bio({});
    const crypto::bio_ptr sink{BIO_new(BIO_s_mem())};
    if (!no_octets || !sink ||
        !crypto::signature_holds(cms->get(), *signer, absent ? no_octets.get() : nullptr,
                                 absent ? nullptr : sink.get())) {
        return fail(errc::bad_signature);
    }
    signed_message out{.type = {},
                       .transaction_id = {},
                       .sender_nonce = {},
                       .recipient_nonce = {},
                       .status = {},
                       .failure = {},
                       .failure_text = {},
                       .signature_digest = *signature_digest,
                       .signing_time = {},
                       .signer = crypto::certificate_factory::share(ctx, signer->cert),
                       .envelope = crypto::written_bytes(sink.get())};
    if (auto read = read_attributes(signer->info, out); !read) {
        return std::unexpected{read.error()};
    }
    return out;
}

result<signed_message> open_message(const crypto::context& ctx, bytes_view der) {
    return open_message(ctx, der, {});
}

std::optional<addressing> read_addressing(const crypto::context& ctx, bytes_view der) {
    const auto cms = parse(ctx, der);
    if (!cms) {
        return std::nullopt;
    }
    const auto signer = crypto::find_signer(cms->get());
    if (!signer) {
        return std::nullopt;
    }
    auto id = read_transaction_id(signer->info);
    auto sender = nonce(signer->info, oid::sender_nonce, "senderNonce");
    if (!id || !sender) {
        return std::nullopt;
    }
    auto& sender_nonce = *sender;
    if (!sender_nonce) {
        return std::nullopt;
    }
    return addressing{.transaction_id = *std::move(id),
                      .sender_nonce = *std::move(sender_nonce),
                      .signer = crypto::certificate_factory::share(ctx, signer->cert)};
}

} // namespace pomona::scep
