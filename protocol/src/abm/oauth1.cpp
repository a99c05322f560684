#include "pomona/protocol/abm/oauth1.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <algorithm>

namespace pomona::abm {
namespace {

constexpr std::size_t max_header_bytes = std::size_t{8} * 1024;
constexpr std::size_t max_parameters = 32;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `name="value"`, both percent-encoded.
std::optional<std::pair<std::string, std::string>> parse_parameter(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        return std::nullopt;
    }
    const auto quoted = trimmed(text.substr(equals + 1));
    if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') {
        return std::nullopt;
    }
    auto name = percent_decode(trimmed(text.substr(0, equals)));
    auto value = percent_decode(quoted.substr(1, quoted.size() - 2));
    if (!name || name->empty() || !value) {
        return std::nullopt;
    }
    return std::pair{*std::move(name), *std::move(value)};
}

} // namespace

std::optional<oauth_parameters> parse_oauth_header(std::string_view value) {
    constexpr std::string_view scheme = "oauth";
    if (value.size() > max_header_bytes || value.size() <= scheme.size() ||
        (value[scheme.size()] != ' ' && value[scheme.size()] != '\t') ||
        !std::ranges::equal(value.substr(0, scheme.size()), scheme, {},
                            [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; })) {
        return std::nullopt;
    }
    oauth_parameters out;
    auto rest = value.substr(scheme.size());
    while (true) {
        const auto comma = rest.find(',');
        auto one = parse_parameter(trimmed(rest.substr(0, comma)));
        if (!one || out.size() == max_parameters) {
            return std::nullopt;
        }
        out.push_back(*std::move(one));
        if (comma == std::string_view::npos) {
            return out;
        }
        rest.remove_prefix(comma + 1);
    }
}

std::string oauth_base_string(std::string_view method, std::string_view url,
                              const oauth_parameters& parameters) {
    std::vector<std::pair<std::string, std::string>> sorted;
    for (const auto& [name, value] : parameters) {
        if (name != "realm" && name != "oauth_signature") {
            sorted.emplace_back(percent_encode(name), percent_encode(value));
        }
    }
    std::ranges::sort(sorted); // section 3.4.1.3.2: by encoded name, then by encoded value
    std::string joined;
    for (const auto& [name, value] : sorted) {
        joined += (joined.empty() ? "" : "&") + name + '=' + value;
    }
    return std::string{method} + '&' + percent_encode(url) + '&' + percent_encode(joined);
}

std::string oauth_signature(std::string_view base_string, std::string_view consumer_secret,
                            std::string_view token_secret) {
    const auto key = percent_encode(consumer_secret) + '&' + percent_encode(token_secret);
    return to_base64(crypto::hmac_sha1(as_bytes(key), as_bytes(base_string)));
}

std::string write_oauth_header(const oauth_request& what) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(what.at).time_since_epoch();
    oauth_parameters all{{"oauth_consumer_key", what.consumer_key},
                         {"oauth_token", what.access_token},
                         {"oauth_signature_method", "HMAC-SHA1"},
                         {"oauth_timestamp", std::to_string(seconds.count())},
                         {"oauth_nonce", what.nonce},
                         {"oauth_version", "1.0"}};
    const auto base = oauth_base_string(what.method, what.url, all);
    all.emplace_back("oauth_signature",
                     oauth_signature(base, what.consumer_secret, what.access_secret));
    if (what.realm) {
        all.insert(all.begin(), {"realm", *what.realm});
    }
    std::string out = "OAuth ";
    for (const auto& [name, value] : all) {
        out += (out.size() > 6 ? ", " : "") + name + "=\"" + percent_encode(value) + '"';
    }
    return out;
}

} // namespace pomona::abm
