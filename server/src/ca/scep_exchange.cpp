#include "ca/scep_exchange.hpp"

#include <algorithm>

namespace pomona::server {
namespace {

using scep::fail_info;

constexpr int min_rsa_bits = 2048;
constexpr std::size_t max_subject_parts = 32;
constexpr std::size_t max_subject_text = 256;

scep_refusal refusal_of(const scep::signed_message& m, fail_info why, std::string text) {
    return {m.transaction_id, m.sender_nonce, m.signature_digest, why, std::move(text)};
}

/// `open_message` failed: a policy or integrity failure is answered in SCEP's terms where the
/// message says to whom (SCEP-010), anything else by HTTP.
scep_reading not_opened(const crypto::context& ctx, const bytes& der, const error& why) {
    const auto to = scep::read_addressing(ctx, der);
    if (!to) {
        return scep_undecodable{why.message()};
    }
    scep_refusal out{to->transaction_id, to->sender_nonce, scep::digest::sha256,
                     fail_info::bad_request, why.message()};
    if (why.code == scep::errc::refused_algorithm) {
        out.why = fail_info::bad_alg; // SCEP-029
        return out;
    }
    if (why.code == scep::errc::bad_signature) {
        out.why = fail_info::bad_message_check; // SCEP-017
        return out;
    }
    if (why.code == scep::errc::unknown_type) {
        return out; // SCEP-028: badRequest
    }
    return scep_undecodable{why.message()};
}

bool acceptable(const crypto::name& subject) {
    return !subject.empty() && subject.size() <= max_subject_parts &&
           std::ranges::all_of(subject, [](const crypto::name_part& part) {
               return !part.text.empty() && part.text.size() <= max_subject_text;
           });
}

scep_reading read_csr(const crypto::context& ctx, const crypto::identity& root,
                      scep::signed_message message, const bytes& der,
                      const crypto::context* legacy) {
    auto opened = scep::open_envelope(ctx, message.envelope, root, legacy);
    if (!opened) {
        if (opened.error().code == scep::errc::refused_algorithm) {
            return refusal_of(message, fail_info::bad_alg, opened.error().detail);
        }
        // SCEP-039: a wrong key, bad padding and garbage look the same from outside.
        return refusal_of(message, fail_info::bad_message_check, "the envelope cannot be opened");
    }
    auto csr = crypto::read_request(ctx, opened->content);
    if (!csr) {
        const bool forged = csr.error().code == crypto::errc::signature_invalid;
        return refusal_of(message, forged ? fail_info::bad_message_check : fail_info::bad_request,
                          "the certification request does not hold");
    }
    if (!csr->key_is_rsa || csr->key_bits < min_rsa_bits) {
        return refusal_of(message, fail_info::bad_alg,
                          "the key has to be RSA of 2048 bits or more");
    }
    if (!message.signer.key_is_rsa()) {
        return refusal_of(message, fail_info::bad_alg,
                          "the reply cannot be encrypted to this signer's key");
    }
    if (!acceptable(csr->subject)) {
        return refusal_of(message, fail_info::bad_request, "the subject is not acceptable");
    }
    return certificate_request{std::move(message), opened->content_cipher, std::move(*csr),
                               crypto::sha256(der)};
}

/// The transaction says which request is meant; issuer and subject inside say it once more.
scep_reading read_poll(const crypto::context& ctx, const crypto::identity& root,
                       scep::signed_message message, const crypto::context* legacy) {
    const auto opened = scep::open_envelope(ctx, message.envelope, root, legacy);
    if (!opened) {
        const bool weak = opened.error().code == scep::errc::refused_algorithm;
        return refusal_of(message, weak ? fail_info::bad_alg : fail_info::bad_message_check,
                          "the envelope cannot be opened");
    }
    return certificate_poll{std::move(message), opened->content_cipher};
}

scep::reply_options options_for(std::string transaction_id, bytes recipient_nonce,
                                bytes sender_nonce, scep::digest digest, scep::cipher cipher,
                                time_point now) {
    return {.transaction_id = std::move(transaction_id),
            .recipient_nonce = std::move(recipient_nonce),
            .sender_nonce = std::move(sender_nonce),
            .signature_digest = digest,
            .content_cipher = cipher,
            .signing_time = now};
}

} // namespace

scep_reading read_pki_message(const crypto::context& ctx, const crypto::identity& root,
                              const bytes& der, const crypto::context* legacy) {
    auto message = scep::open_message(ctx, der);
    if (!message) {
        return not_opened(ctx, der, message.error());
    }
    switch (message->type) {
    case scep::message_type::pkcs_req:
    case scep::message_type::renewal_req:
        return read_csr(ctx, root, std::move(*message), der, legacy);
    case scep::message_type::cert_poll:
        return read_poll(ctx, root, std::move(*message), legacy);
    case scep::message_type::get_cert:
    case scep::message_type::get_crl:
        return refusal_of(*message, fail_info::bad_cert_id, "not offered here"); // SCEP-027
    case scep::message_type::cert_rep:
        break;
    }
    return refusal_of(*message, fail_info::bad_request, "not a request");
}

scep_refusal refuse(const scep::signed_message& m, scep::fail_info why, std::string text) {
    return refusal_of(m, why, std::move(text));
}

result<bytes> write_refusal(const crypto::context& ctx, const crypto::identity& root,
                            const scep_refusal& r, bytes sender_nonce, time_point now) {
    return scep::build_failure(ctx, r.why, r.text, root,
                               options_for(r.transaction_id, r.recipient_nonce,
                                           std::move(sender_nonce), r.signature_digest,
                                           scep::cipher::aes_128_cbc, now));
}

result<bytes> write_success(const crypto::context& ctx, const crypto::identity& root,
                            const certificate_poll& r, const crypto::certificate& issued,
                            bytes sender_nonce, time_point now, const crypto::context* legacy) {
    auto how =
        options_for(r.message.transaction_id, r.message.sender_nonce, std::move(sender_nonce),
                    r.message.signature_digest, r.content_cipher, now);
    how.legacy = legacy;
    return scep::build_success(ctx, {issued}, r.message.signer, root, how);
}

result<bytes> write_pending(const crypto::context& ctx, const crypto::identity& root,
                            const scep::signed_message& m, bytes sender_nonce, time_point now) {
    return scep::build_pending(ctx, root,
                               options_for(m.transaction_id, m.sender_nonce,
                                           std::move(sender_nonce), m.signature_digest,
                                           scep::cipher::aes_128_cbc, now));
}

} // namespace pomona::server
