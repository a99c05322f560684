// The parts of a pkiMessage (RFC 8894 section 3) that its readers and writers share.
#pragma once

#include "crypto/cms_core.hpp"
#include "pomona/protocol/scep/message.hpp"

namespace pomona::scep {

/// RFC 8894 section 3.2.1: the signed attributes, in VeriSign's arc.
namespace oid {
inline constexpr const char* message_type = "2.16.840.1.113733.1.9.2";
inline constexpr const char* pki_status = "2.16.840.1.113733.1.9.3";
inline constexpr const char* fail_info = "2.16.840.1.113733.1.9.4";
inline constexpr const char* sender_nonce = "2.16.840.1.113733.1.9.5";
inline constexpr const char* recipient_nonce = "2.16.840.1.113733.1.9.6";
inline constexpr const char* transaction_id = "2.16.840.1.113733.1.9.7";
inline constexpr const char* fail_info_text = "1.3.6.1.5.5.7.24.1"; ///< RFC 8894 section 3.2.1.4.1
} // namespace oid

/// Choice: nothing larger is read as a pkiMessage; real ones have 2 to 4 KiB.
inline constexpr std::size_t max_message_bytes = 2 * 1024 * 1024;
/// Choice: RFC 8894 gives no bound; the longest ID observed has 76 characters.
inline constexpr std::size_t max_transaction_id = 256;
inline constexpr std::size_t max_nonce = 64;
inline constexpr int min_rsa_bits = 2048;

/// As open_message; the signer may also be one of `known`, as a CertRep need not carry its CA's
/// certificate.
result<signed_message> open_message(const crypto::context& ctx, bytes_view der,
                                    const std::vector<crypto::certificate>& known);

/// DER EnvelopedData for `recipient`: errc::refused_algorithm unless it has an RSA key of at least
/// 2048 bits, and for single DES without `legacy`. `ber`: with indefinite lengths instead.
result<bytes> seal(const crypto::context& ctx, bytes_view content,
                   const crypto::certificate& recipient, cipher content_cipher,
                   const crypto::context* legacy, bool ber = false);
/// Which cipher a BER EnvelopedData says its content has, before anything is decrypted.
result<cipher> content_cipher_of(bytes_view envelope);

/// RFC 8894 section 3.3.3: IssuerAndSubject, the content of CertPoll.
result<bytes> issuer_and_subject(const crypto::certificate& ca, const crypto::name& subject);

const EVP_MD* openssl_digest(digest d);

} // namespace pomona::scep
