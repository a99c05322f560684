// The client side of one SCEP enrollment as a machine without I/O: it says which HTTP request to
// make next.
#pragma once

#include "pomona/protocol/scep/message.hpp"

#include <optional>
#include <string>
#include <variant>

namespace pomona::scep {

/// What the SCEP payload asks for (com.apple.security.scep, keys inside PayloadContent).
struct client_config {
    std::string url;
    std::optional<std::string> name; ///< `message` of GetCACert and GetCACaps
    crypto::name subject;            ///< variables already replaced
    std::optional<std::string> challenge;
    std::optional<crypto::key_usage> usage;
    std::vector<std::string> dns_names;
    bytes ca_fingerprint;      ///< MD5 (16), SHA-1 (20) or SHA-256 (32 octets); empty: not checked
    bool ber_envelope = false; ///< SCEP-060: indefinite lengths, as Apple's client writes them
    bool raw_get = false;      ///< SCEP-060: as macOS, escape only '=' of a PKIOperation by GET
    bool always_get = false;   ///< observed (F24): PKIOperation by GET, whatever the CA offers
    /// Signs in place of a self-signed certificate, as a RenewalReq without a challenge where the
    /// CA knows that (RFC 8894 section 2.3). Apple's client never does.
    std::optional<crypto::identity> renews = std::nullopt;
    /// crypto::context::with_legacy: single DES and SHA-1 where the CA has nothing better, and a CA
    /// certificate whose KeyUsage RFC 8894 does not permit. Empty: all that is refused.
    std::optional<crypto::context> legacy;
    int retries = 3;
    duration retry_delay = std::chrono::seconds{10};
};

/// An HTTP request to make; `body` is empty for GET.
struct http_action {
    bool post = false;
    std::string url;
    std::string content_type; ///< of the request; empty: none
    bytes body;
};
struct wait_action {
    duration delay;
};
struct done_action {
    crypto::certificate issued;
};
struct failed_action {
    error why;                        ///< errc::refused when the CA answered FAILURE
    std::optional<fail_info> refused; ///< set when the CA answered FAILURE
};
using action = std::variant<http_action, wait_action, done_action, failed_action>;

/// GetCACert, GetCACaps, PKIOperation, in that order (the order of Apple's client). Feed each HTTP
/// response, or the end of a wait, to get the next action. After done or failed it must not be used
/// again.
class client {
  public:
    client(crypto::context ctx, client_config config, crypto::private_key key);

    /// `now`: certificate validity and signingTime.
    action start(time_point now);
    action on_response(unsigned status, std::string_view content_type, bytes_view body,
                       time_point now);
    action on_wait_over(time_point now);

    /// After the CA's certificates are known: the one that signs.
    [[nodiscard]] const std::optional<crypto::certificate>& ca() const;
    [[nodiscard]] const std::string& transaction_id() const;

  private:
    enum class state { idle, get_ca_cert, get_ca_caps, pki_operation, waiting, finished };
    action take_ca_certs(std::string_view content_type, bytes_view body, time_point now);
    action send_request(time_point now);
    action send_poll(time_point now);
    action send(message_type type, bytes_view content, time_point now);
    action take_reply(bytes_view body, time_point now);
    action take_pending(time_point now);
    action take_certificate(bytes_view envelope, const crypto::identity& signer);
    action finish(failed_action failure);

    crypto::context ctx_;
    client_config config_;
    crypto::private_key key_;
    state state_ = state::idle;
    capabilities caps_;
    std::optional<crypto::certificate> ca_;        // signs
    std::optional<crypto::certificate> recipient_; // decrypts
    std::optional<crypto::identity> signer_;
    std::string transaction_id_;
    bytes sender_nonce_;
    int polls_left_ = 0;
};

} // namespace pomona::scep
