#include "pomona/protocol/scep/client.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/uuid.hpp"
#include "scep/ca_selection.hpp"
#include "scep/pki_message.hpp"

#include <algorithm>
#include <array>

namespace pomona::scep {
namespace {

constexpr std::size_t nonce_bytes = 16; ///< RFC 8894 section 3.2.1.5
constexpr std::string_view message_content_type = "application/x-pki-message";

failed_action failed(errc code, std::string detail, std::string peer = {}) {
    return {error{make_error_code(code), std::move(detail), std::move(peer)}, std::nullopt};
}

bool is_type(std::string_view header, std::string_view wanted) {
    return std::ranges::equal(header, wanted, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
    });
}

/// The configured URL with the CGI-like query of RFC 8894 section 4.1.
std::string operation_url(const std::string& base, std::string_view operation,
                          const std::optional<std::string>& message) {
    std::string out = base.substr(0, base.find('#'));
    if (!out.ends_with('?') && !out.ends_with('&')) {
        out += out.contains('?') ? '&' : '?';
    }
    out += "operation=" + std::string{operation};
    if (message) {
        out += "&message=" + percent_encode(*message);
    }
    return out;
}

/// Observed: macOS leaves '+' and '/' as they are, so that a form decoder makes blanks of the
/// first.
std::string escape_padding(std::string_view base64) {
    const auto end = std::min(base64.find('='), base64.size());
    std::string out{base64.substr(0, end)};
    for (auto i = end; i < base64.size(); ++i) {
        out += "%3D";
    }
    return out;
}

/// SCEP-050: the strongest that both sides have; never MD5, and DES only for old CAs on request.
std::optional<cipher> choose_cipher(const capabilities& caps, bool legacy) {
    // RFC 8894 section 3.5.2: "AES" means AES-128-CBC.
    return caps.aes    ? std::optional{cipher::aes_128_cbc}
           : caps.des3 ? std::optional{cipher::des3_cbc}
           : legacy    ? std::optional{cipher::des_cbc}
                       : std::nullopt;
}
std::optional<digest> choose_digest(const capabilities& caps, bool legacy) {
    return caps.sha512           ? std::optional{digest::sha512}
           : caps.sha384         ? std::optional{digest::sha384}
           : caps.sha256         ? std::optional{digest::sha256}
           : caps.sha1 || legacy ? std::optional{digest::sha1}
                                 : std::nullopt;
}

/// As Apple's client makes it: a random UUID for a name, the request's own key, KeyUsage only.
/// RFC 8894 section 2.3 and SCEP-056: digitalSignature and keyEncipherment.
result<crypto::identity> make_signer(const crypto::context& ctx, const crypto::private_key& key,
                                     time_point now) {
    const auto random = ctx.random(16);
    std::array<std::uint8_t, 16> uuid{};
    std::copy(random.begin(), random.end(), uuid.begin());
    crypto::certificate_spec spec;
    spec.subject = {{"CN", make_uuid(uuid)}};
    spec.serial = ctx.random(8);
    spec.serial[0] = static_cast<std::uint8_t>((spec.serial[0] & 0x7f) | 0x40);
    spec.not_before = now - std::chrono::hours{1};
    spec.not_after = now + std::chrono::hours{24};
    spec.usage = {.digital_signature = true, .key_encipherment = true};
    auto cert = self_sign(spec, key);
    if (!cert) {
        return std::unexpected{cert.error()};
    }
    return crypto::identity{*std::move(cert), key, {}};
}

} // namespace

client::client(crypto::context ctx, client_config config, crypto::private_key key)
    : ctx_{std::move(ctx)},
      config_{std::move(config)},
      key_{std::move(key)},
      transaction_id_{apple_transaction_id(key_)},
      polls_left_{std::max(config_.retries, 0)} {}

const std::optional<crypto::certificate>& client::ca() const {
    return ca_;
}

const std::string& client::transaction_id() const {
    return transaction_id_;
}

action client::start(time_point /*now*/) {
    if (state_ != state::idle) {
        return finish(failed(errc::malformed, "the client was started before"));
    }
    if (!key_.is_rsa()) {
        return finish(failed(errc::refused_algorithm, "SCEP needs an RSA key"));
    }
    state_ = state::get_ca_cert;
    return http_action{.url = operation_url(config_.url, "GetCACert", config_.name),
                       .content_type = {},
                       .body = {}};
}

action client::on_response(unsigned status, std::string_view content_type, bytes_view body,
                           time_point now) {
    switch (state_) {
    case state::get_ca_cert:
        if (status != 200) {
            return finish(failed(errc::http, "GetCACert: HTTP " + std::to_string(status)));
        }
        return take_ca_certs(content_type, body, now);
    case state::get_ca_caps:
        // RFC 8894 section 3.5.1: a CA without GetCACaps has no capability.
        caps_ = status == 200 ? parse_capabilities(as_text(body)) : capabilities{};
        return send_request(now);
    case state::pki_operation:
        if (status != 200) {
            return finish(failed(errc::http, "PKIOperation: HTTP " + std::to_string(status)));
        }
        if (!is_type(content_type.substr(0, content_type.find(';')), message_content_type)) {
            return finish(failed(errc::http, "content type of PKIOperation's answer",
                                 std::string{content_type}));
        }
        return take_reply(body, now);
    case state::idle:
    case state::waiting:
    case state::finished:
        break;
    }
    return finish(failed(errc::malformed, "an answer that was not asked for"));
}

action client::on_wait_over(time_point now) {
    if (state_ != state::waiting) {
        return finish(failed(errc::malformed, "the end of a wait that was not asked for"));
    }
    return send_poll(now);
}

action client::take_ca_certs(std::string_view content_type, bytes_view body, time_point /*now*/) {
    // Observed: Apple's client compares the whole header value, so parameters make it unusable.
    result<ca_certificates> chosen =
        fail(errc::http, "content type of GetCACert's answer", std::string{content_type});
    if (is_type(content_type, "application/x-x509-ca-cert")) {
        auto cert = crypto::certificate::from_der(ctx_, body);
        chosen = cert ? take_ca(*cert, config_.legacy.has_value())
                      : fail(errc::malformed, "GetCACert: " + cert.error().detail);
    } else if (is_type(content_type, "application/x-x509-ca-ra-cert")) {
        const auto bag = read_certs_only(ctx_, body);
        chosen = bag ? choose_ca(*bag) : std::unexpected{bag.error()};
    }
    if (!chosen) {
        return finish({std::move(chosen).error(), std::nullopt});
    }
    // SCEP-052: before anything secret is sent.
    if (!config_.ca_fingerprint.empty()) {
        if (auto same = check_fingerprint(chosen->top, config_.ca_fingerprint); !same) {
            return finish({std::move(same).error(), std::nullopt});
        }
    }
    ca_ = chosen->signs;
    recipient_ = chosen->encrypts;
    state_ = state::get_ca_caps;
    return http_action{.url = operation_url(config_.url, "GetCACaps", config_.name),
                       .content_type = {},
                       .body = {}};
}

action client::send_request(time_point now) {
    const bool renewal = config_.renews && caps_.renewal;
    auto signer =
        renewal ? result<crypto::identity>{*config_.renews} : make_signer(ctx_, key_, now);
    if (!signer) {
        return finish({std::move(signer).error(), std::nullopt});
    }
    signer_ = *std::move(signer);
    const auto request = make_request({.subject = config_.subject,
                                       .challenge = renewal ? std::nullopt : config_.challenge,
                                       .usage = config_.usage,
                                       .dns_names = config_.dns_names},
                                      key_);
    if (!request) {
        return finish({request.error(), std::nullopt});
    }
    return send(renewal ? message_type::renewal_req : message_type::pkcs_req, *request, now);
}

action client::send_poll(time_point now) {
    if (!ca_) {
        return finish(failed(errc::malformed, "no CA certificate yet"));
    }
    --polls_left_;
    const auto content = issuer_and_subject(*ca_, config_.subject);
    if (!content) {
        return finish({content.error(), std::nullopt});
    }
    return send(message_type::cert_poll, *content, now);
}

action client::send(message_type type, bytes_view content, time_point now) {
    const auto* legacy = config_.legacy ? &*config_.legacy : nullptr;
    const auto content_cipher = choose_cipher(caps_, legacy != nullptr);
    const auto signature_digest = choose_digest(caps_, legacy != nullptr);
    if (!content_cipher || !signature_digest) {
        return finish(failed(errc::no_capability, !content_cipher ? "no cipher that may be used"
                                                                  : "no digest that may be used"));
    }
    if (!recipient_ || !signer_) {
        return finish(failed(errc::malformed, "no CA certificate yet"));
    }
    sender_nonce_ = ctx_.random(nonce_bytes);
    auto message = build_request(ctx_, content, *recipient_, *signer_,
                                 {.type = type,
                                  .transaction_id = transaction_id_,
                                  .sender_nonce = sender_nonce_,
                                  .content_cipher = *content_cipher,
                                  .signature_digest = *signature_digest,
                                  .signing_time = now,
                                  .ber_envelope = config_.ber_envelope,
                                  .legacy = legacy});
    if (!message) {
        return finish({std::move(message).error(), std::nullopt});
    }
    state_ = state::pki_operation;
    if (caps_.post && !config_.always_get) {
        return http_action{.post = true,
                           .url = operation_url(config_.url, "PKIOperation", std::nullopt),
                           .content_type = std::string{message_content_type},
                           .body = *std::move(message)};
    }
    // RFC 8894 section 4.1: base64, then escaped.
    const auto text = to_base64(*message);
    return http_action{.url = config_.raw_get
                                  ? operation_url(config_.url, "PKIOperation", std::nullopt) +
                                        "&message=" + escape_padding(text)
                                  : operation_url(config_.url, "PKIOperation", text),
                       .content_type = {},
                       .body = {}};
}

action client::take_reply(bytes_view body, time_point now) {
    if (!ca_ || !signer_) {
        return finish(failed(errc::malformed, "no CA certificate yet"));
    }
    const auto reply = open_message(ctx_, body, {*ca_});
    if (!reply) {
        return finish({reply.error(), std::nullopt});
    }
    // SCEP-053: whose answer it is, and to what.
    if (reply->signer.der() != ca_->der()) {
        return finish(failed(errc::mismatch, "CertRep is not signed by the CA or RA"));
    }
    if (reply->type != message_type::cert_rep) {
        return finish(failed(errc::unknown_type,
                             std::string{to_text(reply->type)} + " where a CertRep should be"));
    }
    if (reply->transaction_id != transaction_id_) {
        return finish(failed(errc::mismatch, "transactionID", reply->transaction_id));
    }
    if (reply->recipient_nonce != sender_nonce_) {
        return finish(failed(errc::mismatch, "recipientNonce"));
    }
    switch (reply->status.value_or(pki_status::failure)) {
    case pki_status::success:
        return take_certificate(reply->envelope, *signer_);
    case pki_status::pending:
        return take_pending(now);
    case pki_status::failure:
        break;
    }
    const auto why = reply->failure;
    auto refusal = failed(errc::refused, why ? std::string{to_text(*why)} : "no failInfo",
                          reply->failure_text.value_or(std::string{}));
    refusal.refused = why;
    return finish(std::move(refusal));
}

action client::take_pending(time_point now) {
    if (polls_left_ == 0) {
        return finish(
            failed(errc::still_pending, std::to_string(std::max(config_.retries, 0)) + " polls"));
    }
    // Apple, SCEP payload, "Retries" and "RetryDelay": the first poll at once, the others apart.
    if (polls_left_ == config_.retries) {
        return send_poll(now);
    }
    state_ = state::waiting;
    return wait_action{config_.retry_delay};
}

action client::take_certificate(bytes_view envelope, const crypto::identity& signer) {
    const auto content =
        open_envelope(ctx_, envelope, signer, config_.legacy ? &*config_.legacy : nullptr);
    if (!content) {
        return finish({content.error(), std::nullopt});
    }
    const auto certificates = read_certs_only(ctx_, content->content);
    if (!certificates) {
        return finish({certificates.error(), std::nullopt});
    }
    const auto key = key_.public_key_info();
    const auto ours = std::ranges::find(*certificates, key, &crypto::certificate::public_key_info);
    if (ours == certificates->end()) {
        return finish(failed(errc::mismatch, "no certificate for the request's key"));
    }
    state_ = state::finished;
    return done_action{*ours};
}

action client::finish(failed_action failure) {
    state_ = state::finished;
    return failure;
}

} // namespace pomona::scep
