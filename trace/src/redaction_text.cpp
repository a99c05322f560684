// Secrets in headers, query strings and form bodies.
#include "parameters.hpp"
#include "pomona/foundation/encoding.hpp"
#include "secret_keys.hpp"

#include <array>

namespace pomona::trace {
namespace {

std::string lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

/// OAuth 1 (RFC 5849 section 3.5.1): the parameters that are as good as a password for a while; the
/// rest is worth seeing.
std::string redact_oauth(const redactor& by, std::string_view parameters) {
    std::string out;
    while (!parameters.empty()) {
        const auto comma = parameters.find(',');
        const auto one = parameters.substr(0, comma);
        parameters = comma == parameters.npos ? std::string_view{} : parameters.substr(comma + 1);
        const auto equals = one.find('=');
        const auto name = one.substr(0, equals);
        const auto key = name.substr(std::min(name.find_first_not_of(' '), name.size()));
        if (equals != one.npos && (key == "oauth_token" || key == "oauth_signature")) {
            out += std::string{name} + "=\"" +
                   by.placeholder("oauth", as_bytes(one.substr(equals + 1))) + "\"";
        } else {
            out += one;
        }
        out += comma == parameters.npos || parameters.empty() ? "" : ",";
    }
    return out;
}

/// "Basic …", "Bearer …": the scheme is worth seeing, the rest is not.
std::string redact_authorization(const redactor& by, std::string_view value) {
    const auto space = value.find(' ');
    if (space == value.npos) {
        return by.placeholder("authorization", as_bytes(value));
    }
    const auto scheme = value.substr(0, space);
    const auto rest = value.substr(space + 1);
    const auto kind = lower(scheme);
    const bool plain = kind == "basic" || kind == "bearer" || kind == "digest";
    return std::string{scheme} + " " +
           (kind == "oauth" ? redact_oauth(by, rest)
                            : by.placeholder(plain ? kind : "authorization", as_bytes(rest)));
}

/// "name=value; Path=/": name and attributes stay.
std::string redact_set_cookie(const redactor& by, std::string_view value) {
    const auto end = std::min(value.find(';'), value.size());
    const auto equals = value.substr(0, end).find('=');
    const auto from = equals == value.npos ? 0 : equals + 1;
    return std::string{value.substr(0, from)} +
           by.placeholder("cookie", as_bytes(value.substr(from, end - from))) +
           std::string{value.substr(end)};
}

constexpr std::array<secret_key, 6> secret_headers{{
    {"cookie", "cookie"},
    {"x-adm-auth-session", "session-token"},
    {"x-api-key", "api-key"},
    {"x-auth-token", "auth-token"},
    {"x-csrf-token", "csrf-token"},
    {"api-key", "api-key"},
}};

std::string redact_header(const redactor& by, const net::header& h) {
    const auto name = lower(h.name);
    if (h.value.empty()) {
        return h.value;
    }
    if (name == "authorization" || name == "proxy-authorization") {
        return redact_authorization(by, h.value);
    }
    if (name == "set-cookie") {
        return redact_set_cookie(by, h.value);
    }
    if (name == "location" || name == "referer") {
        return by.target(h.value);
    }
    const auto* const found = std::ranges::find(secret_headers, name, &secret_key::name);
    return found != secret_headers.end() ? by.placeholder(found->type, as_bytes(h.value)) : h.value;
}

} // namespace

std::optional<std::string> redact_parameters(const redactor& by, std::string_view pairs) {
    std::string out;
    bool any = false;
    for (;;) {
        const auto end = std::min(pairs.find('&'), pairs.size());
        const auto pair = pairs.substr(0, end);
        const auto equals = std::min(pair.find('='), pair.size());
        const auto name = percent_decode(pair.substr(0, equals));
        const auto type = name ? secret_parameter_type(*name) : std::string_view{};
        if (!type.empty() && equals + 1 < pair.size()) {
            out += pair.substr(0, equals + 1);
            // What the name stands for is the decoded value: the same secret elsewhere gets the
            // same hash.
            const auto value = pair.substr(equals + 1);
            out +=
                by.placeholder(type, as_bytes(percent_decode(value).value_or(std::string{value})));
            any = true;
        } else {
            out += pair;
        }
        if (end == pairs.size()) {
            break;
        }
        out += '&';
        pairs.remove_prefix(end + 1);
    }
    return any ? std::optional{std::move(out)} : std::nullopt;
}

net::headers redactor::headers(const net::headers& raw) const {
    net::headers out;
    out.reserve(raw.size());
    for (const auto& h : raw) {
        out.push_back({h.name, redact_header(*this, h)});
    }
    return out;
}

std::string redactor::target(std::string_view raw) const {
    const auto mark = raw.find('?');
    if (mark == raw.npos) {
        return std::string{raw};
    }
    const auto query = raw.substr(mark + 1);
    const auto changed = redact_parameters(*this, query);
    return std::string{raw.substr(0, mark + 1)} + (changed ? *changed : std::string{query});
}

} // namespace pomona::trace
