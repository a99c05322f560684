// SCEP messages (RFC 8894): pkiMessage building and reading, both directions.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <optional>
#include <string>

namespace pomona::scep {

enum class errc {
    malformed = 1,
    missing_attribute,
    bad_attribute, ///< wrong ASN.1 type or more than one value
    bad_signature,
    refused_algorithm, ///< DES, MD5, RSA below 2048
    decrypt_failed,
    unknown_type,
    mismatch, ///< CertRep: transactionID, recipientNonce, signer or issued key is not ours
    no_capability,
    refused,       ///< client: the CA answered FAILURE
    still_pending, ///< client: PENDING after the last permitted poll
    http           ///< client: the HTTP answer is none that SCEP permits
};
std::error_code make_error_code(errc value);

/// RFC 8894 section 3.2.1.2.
enum class message_type {
    cert_rep = 3,
    renewal_req = 17,
    pkcs_req = 19,
    cert_poll = 20,
    get_cert = 21,
    get_crl = 22
};
/// RFC 8894 section 3.2.1.3.
enum class pki_status { success = 0, failure = 2, pending = 3 };
/// RFC 8894 section 3.2.1.4.
enum class fail_info {
    bad_alg = 0,
    bad_message_check = 1,
    bad_request = 2,
    bad_time = 3,
    bad_cert_id = 4
};
std::string_view to_text(fail_info f);    ///< "badAlg", …
std::string_view to_text(message_type t); ///< "PKCSReq", …

/// Single DES is for old peers: only where a context with the legacy provider is given.
enum class cipher { aes_128_cbc, aes_256_cbc, des3_cbc, des_cbc };
enum class digest { sha1, sha256, sha384, sha512 };

/// What GetCACaps says (RFC 8894 section 3.5.2).
struct capabilities {
    bool aes = false;
    bool des3 = false;
    bool sha1 = false;
    bool sha256 = false;
    bool sha384 = false;
    bool sha512 = false;
    bool post = false;
    bool renewal = false;
    bool next_ca_cert = false;
    bool scep_standard = false; ///< implies aes, sha256, post: `parse` sets those too
    std::vector<std::string> unknown;
};
/// CRLF or LF, any case, no final newline needed; unknown words are kept.
capabilities parse_capabilities(std::string_view text);
/// LF only, exact casing, no trailing blanks.
std::string write_capabilities(const capabilities& caps);

struct request_options {
    message_type type = message_type::pkcs_req;
    std::string transaction_id;
    bytes sender_nonce; ///< 16 octets
    cipher content_cipher = cipher::aes_128_cbc;
    digest signature_digest = digest::sha256;
    time_point signing_time;
    bool ber_envelope = false;               ///< indefinite lengths, as Apple's client writes them
    const crypto::context* legacy = nullptr; ///< crypto::context::with_legacy, for cipher::des_cbc
};
/// A PKCSReq or RenewalReq (content: DER PKCS#10), enveloped to `recipient` (the CA or RA), signed
/// by `signer`.
result<bytes> build_request(const crypto::context& ctx, bytes_view content,
                            const crypto::certificate& recipient, const crypto::identity& signer,
                            const request_options& options);

/// The outside of a pkiMessage; its signature has been verified with the embedded signer
/// certificate.
struct signed_message {
    message_type type{};
    std::string transaction_id;
    bytes sender_nonce;
    std::optional<bytes> recipient_nonce;
    std::optional<pki_status> status;
    std::optional<fail_info> failure;
    std::optional<std::string> failure_text;
    digest signature_digest{};
    std::optional<time_point> signing_time;
    crypto::certificate signer;
    bytes envelope; ///< the eContent; empty when absent
};
/// BER or DER. Refuses MD5 before it verifies.
result<signed_message> open_message(const crypto::context& ctx, bytes_view der);
/// `open_message` failed: what could still be read, so that a CA can answer FAILURE instead of HTTP
/// 400.
struct addressing {
    std::string transaction_id;
    bytes sender_nonce;
    crypto::certificate signer;
};
std::optional<addressing> read_addressing(const crypto::context& ctx, bytes_view der);

struct opened_envelope {
    bytes content;
    cipher content_cipher{};
};
/// Checks the content cipher, then decrypts. A wrong key and bad padding are the same error:
/// decrypt_failed. Single DES is refused_algorithm unless `legacy` (crypto::context::with_legacy)
/// is given.
result<opened_envelope> open_envelope(const crypto::context& ctx, bytes_view envelope,
                                      const crypto::identity& recipient,
                                      const crypto::context* legacy = nullptr);

struct reply_options {
    std::string transaction_id;
    bytes recipient_nonce; ///< the request's senderNonce
    bytes sender_nonce;    ///< fresh
    digest signature_digest = digest::sha256;
    cipher content_cipher = cipher::aes_128_cbc;
    time_point signing_time;
    const crypto::context* legacy = nullptr; ///< as in request_options
};
/// CertRep SUCCESS: certs-only with the issued certificate first, enveloped to the request's signer
/// certificate.
result<bytes> build_success(const crypto::context& ctx,
                            const std::vector<crypto::certificate>& issued,
                            const crypto::certificate& requester, const crypto::identity& ca,
                            const reply_options& options);
/// CertRep FAILURE: eContent absent.
result<bytes> build_failure(const crypto::context& ctx, fail_info why, std::string_view text,
                            const crypto::identity& ca, const reply_options& options);
result<bytes> build_pending(const crypto::context& ctx, const crypto::identity& ca,
                            const reply_options& options);

/// A certs-only SignedData (GetCACert form 2, the inside of CertRep).
result<bytes> certs_only(const std::vector<crypto::certificate>& certificates);
result<std::vector<crypto::certificate>> read_certs_only(const crypto::context& ctx,
                                                         bytes_view der);

/// Upper-case hex of SHA-1 over the PKCS#1 public key: what Apple's client uses.
std::string apple_transaction_id(const crypto::private_key& key);

} // namespace pomona::scep

POMONA_ERROR_ENUM(pomona::scep::errc);
