#include "pomona/protocol/abm/server_token.hpp"

#include "crypto/enveloped.hpp"
#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

namespace pomona::abm {
namespace {

using crypto::errc;

constexpr std::size_t max_file_bytes = std::size_t{64} * 1024;
constexpr std::size_t base64_line = 76; ///< RFC 2045 section 6.8
constexpr std::string_view begin_message = "-----BEGIN MESSAGE-----";
constexpr std::string_view end_message = "-----END MESSAGE-----";

std::string to_json(const server_token& t) {
    return nlohmann::ordered_json{{"consumer_key", t.consumer_key},
                                  {"consumer_secret", t.consumer_secret},
                                  {"access_token", t.access_token},
                                  {"access_secret", t.access_secret},
                                  {"access_token_expiry", to_rfc3339(t.expires)}}
        .dump();
}

result<server_token> from_json(std::string_view text) {
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    server_token out;
    const auto take = [&](const char* key, std::string& into) {
        const auto found = parsed.is_object() ? parsed.find(key) : parsed.end();
        if (found == parsed.end() || !found->is_string()) {
            return false;
        }
        into = found->get<std::string>();
        return !into.empty();
    };
    std::string expiry;
    if (!take("consumer_key", out.consumer_key) || !take("consumer_secret", out.consumer_secret) ||
        !take("access_token", out.access_token) || !take("access_secret", out.access_secret) ||
        !take("access_token_expiry", expiry)) {
        return fail(errc::malformed, "the server token lacks one of its five fields");
    }
    const auto expires = from_rfc3339(expiry);
    if (!expires) {
        return fail(errc::malformed, "access_token_expiry is no UTC time", expiry);
    }
    out.expires = *expires;
    return out;
}

/// What follows the first empty line; nullopt when there is none.
std::optional<std::string_view> after_headers(std::string_view text) {
    for (const std::string_view blank : {"\r\n\r\n", "\n\n"}) {
        if (const auto at = text.find(blank); at != std::string_view::npos) {
            return text.substr(at + blank.size());
        }
    }
    return std::nullopt;
}

} // namespace

result<std::string> write_token_file(const server_token& token,
                                     const crypto::certificate& recipient) {
    if (!recipient.key_is_rsa()) {
        return fail(errc::unsupported, "a server token is encrypted for an RSA key only");
    }
    const auto inner = "Content-Type: text/plain;charset=UTF-8\r\n"
                       "Content-Transfer-Encoding: 7bit\r\n\r\n" +
                       std::string{begin_message} + "\r\n" + to_json(token) + "\r\n" +
                       std::string{end_message} + "\r\n";
    const auto sealed =
        crypto::write_enveloped(crypto::certificate_factory::owner(recipient), as_bytes(inner),
                                recipient, EVP_aes_256_cbc(), false);
    if (!sealed) {
        return std::unexpected(sealed.error());
    }
    std::string out = "Content-Type: application/pkcs7-mime; name=\"smime.p7m\"; "
                      "smime-type=enveloped-data\r\n"
                      "Content-Transfer-Encoding: base64\r\n"
                      "Content-Disposition: attachment; filename=\"smime.p7m\"\r\n"
                      "Content-Description: S/MIME Encrypted Message\r\n\r\n";
    const auto body = to_base64(*sealed);
    for (std::size_t at = 0; at < body.size(); at += base64_line) {
        out += body.substr(at, base64_line) + "\r\n";
    }
    return out;
}

result<server_token> read_token_file(std::string_view file, const crypto::identity& recipient) {
    if (file.size() > max_file_bytes) {
        return fail(errc::too_large, "server token file");
    }
    const auto body = after_headers(file);
    const auto sealed = body ? from_base64_liberal(*body) : std::nullopt;
    if (!sealed) {
        return fail(errc::malformed, "the server token file has no base64 after its headers");
    }
    const auto content = crypto::read_enveloped(recipient.key.owner(), *sealed, recipient);
    if (!content) {
        return std::unexpected(content.error());
    }
    const std::string_view inner{reinterpret_cast<const char*>(content->data()), content->size()};
    const auto from = inner.find(begin_message);
    const auto to = inner.find(end_message);
    if (from == std::string_view::npos || to == std::string_view::npos || to < from) {
        return fail(errc::decrypt_failed, "the server token is encrypted for another key");
    }
    const auto start = from + begin_message.size();
    return from_json(inner.substr(start, to - start));
}

} // namespace pomona::abm
