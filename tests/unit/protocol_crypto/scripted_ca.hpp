// A CA for the client's tests, played with the message functions, so that it can also answer
// wrongly.
#pragma once

#include "pomona/protocol/scep/client.hpp"
#include "scep_builders.hpp"

#include <stdexcept>

namespace pomona::test {

inline constexpr const char* ca_type = "application/x-x509-ca-cert";
inline constexpr const char* ra_type = "application/x-x509-ca-ra-cert";
inline constexpr const char* message_content = "application/x-pki-message";
inline constexpr const char* modern_caps = "AES\nSHA-1\nSHA-256\nPOSTPKIOperation";

inline scep::client_config config_for(std::string url = "http://127.0.0.1/scep") {
    scep::client_config config;
    config.url = std::move(url);
    config.subject = {{"CN", "mac-1"}};
    config.challenge = "one-time";
    config.usage = crypto::key_usage{.digital_signature = true, .key_encipherment = true};
    config.dns_names = {"mac-1.example"};
    return config;
}

inline const scep::http_action& http(const scep::action& a) {
    if (const auto* failed = std::get_if<scep::failed_action>(&a)) {
        throw std::runtime_error{failed->why.message()};
    }
    return std::get<scep::http_action>(a);
}
inline std::error_code failure(const scep::action& a) {
    const auto* failed = std::get_if<scep::failed_action>(&a);
    return failed == nullptr ? std::error_code{} : failed->why.code;
}

/// Through GetCACert and GetCACaps: what comes next is the PKIOperation.
inline scep::action to_operation(scep::client& c, std::string_view caps = modern_caps,
                                 const crypto::certificate& ca = rsa_ca().cert) {
    c.start(now);
    c.on_response(200, ca_type, ca.der(), now);
    return c.on_response(200, "text/plain", as_bytes(caps), now);
}

inline scep::signed_message opened(const scep::http_action& a) {
    return value_of(scep::open_message(ctx, a.body));
}
inline scep::reply_options answer_to(const scep::signed_message& request) {
    return {.transaction_id = request.transaction_id,
            .recipient_nonce = request.sender_nonce,
            .sender_nonce = bytes(16, 7),
            .signing_time = now};
}
inline crypto::certificate issue_for(const scep::signed_message& request,
                                     const crypto::identity& ca = rsa_ca()) {
    const auto content = value_of(scep::open_envelope(ctx, request.envelope, ca)).content;
    const auto asked = value_of(crypto::read_request(ctx, content));
    auto spec = spec_for("mac-1");
    spec.serial = {0x22};
    return value_of(issue(spec, asked.public_key_info, rsa_ca()));
}
inline scep::action deliver(scep::client& c, const bytes& message) {
    return c.on_response(200, message_content, message, now);
}
inline bytes success(const scep::signed_message& request,
                     const std::vector<crypto::certificate>& certs) {
    return value_of(scep::build_success(ctx, certs, request.signer, rsa_ca(), answer_to(request)));
}
inline bytes pending(const scep::signed_message& request) {
    return value_of(scep::build_pending(ctx, rsa_ca(), answer_to(request)));
}

} // namespace pomona::test
