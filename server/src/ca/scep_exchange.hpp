// One SCEP transaction at the CA (RFC 8894 section 3): what a message asks for, and the replies. No
// store, no I/O; CPU-heavy (RSA), so meant for world::offload.
#pragma once

#include "pomona/protocol/scep/message.hpp"

#include <string>
#include <variant>

namespace pomona::server {

/// A request for a certificate, decrypted; its proof of possession holds and its key is acceptable.
struct certificate_request {
    scep::signed_message message;
    scep::cipher content_cipher{};
    crypto::request_info csr;
    bytes message_hash;
};

/// CertPoll: is it decided? (RFC 8894 section 3.3.3; once GetCertInitial)
struct certificate_poll {
    scep::signed_message message;
    scep::cipher content_cipher{};
};

/// The request is understood well enough to be refused in its own terms.
struct scep_refusal {
    std::string transaction_id;
    bytes recipient_nonce;
    scep::digest signature_digest = scep::digest::sha256;
    scep::fail_info why = scep::fail_info::bad_request;
    std::string text; ///< for people; goes to the client as failInfoText
};

/// Not even a refusal can be addressed: HTTP 400.
struct scep_undecodable {
    std::string why;
};

using scep_reading =
    std::variant<certificate_request, certificate_poll, scep_refusal, scep_undecodable>;

/// `legacy`: see scep::open_envelope.
scep_reading read_pki_message(const crypto::context& ctx, const crypto::identity& root,
                              const bytes& der, const crypto::context* legacy = nullptr);

scep_refusal refuse(const scep::signed_message& m, scep::fail_info why, std::string text);

/// RFC 8894 section 3.3.2.2. `sender_nonce`: 16 fresh octets.
result<bytes> write_refusal(const crypto::context& ctx, const crypto::identity& root,
                            const scep_refusal& r, bytes sender_nonce, time_point now);
/// RFC 8894 section 3.3.2.1: for the signer's key, with the request's own digest and cipher.
result<bytes> write_success(const crypto::context& ctx, const crypto::identity& root,
                            const certificate_poll& r, const crypto::certificate& issued,
                            bytes sender_nonce, time_point now,
                            const crypto::context* legacy = nullptr);
/// RFC 8894 section 3.3.2.3.
result<bytes> write_pending(const crypto::context& ctx, const crypto::identity& root,
                            const scep::signed_message& m, bytes sender_nonce, time_point now);

} // namespace pomona::server
