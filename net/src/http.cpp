#include "pomona/net/http.hpp"

#include "pomona/foundation/encoding.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

namespace pomona::net {

namespace {

/// Choice: longer than any URL a profile or an API carries, short enough to bound the work.
constexpr std::size_t max_url_bytes = 8192;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
    return out;
}

bool same_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::unexpected<error> bad_url(std::string detail, std::string_view text) {
    return fail(std::make_error_code(std::errc::invalid_argument), "URL: " + std::move(detail),
                std::string{text.substr(0, max_url_bytes)});
}

// RFC 3986 section 2: what is neither reserved, unreserved nor '%' has no place in a URL.
bool is_url_character(char c) {
    constexpr std::string_view never_allowed = "\"<>\\^`{|}";
    return c > ' ' && c < '\x7f' && never_allowed.find(c) == std::string_view::npos;
}

// RFC 1123 section 2.1, and '_' because lab machines have it.
bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_host_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
           host.find("..") == std::string_view::npos &&
           std::ranges::all_of(host, is_host_character);
}

bool is_ipv6(const std::string& host) {
    std::array<unsigned char, 16> address{};
    return inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    unsigned value = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (text.empty() || text.size() > 5 || code != std::errc{} || stop != end || value == 0 ||
        value > 65535) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(value);
}

/// The authority without user info: host, and port when there is one.
result<endpoint> parse_authority(std::string_view authority, std::uint16_t default_port,
                                 std::string_view whole) {
    endpoint out{.host = {}, .port = default_port};
    std::string_view port;
    bool has_port = false;
    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        if (close == std::string_view::npos) {
            return bad_url("'[' without ']'", whole);
        }
        out.host = lower(authority.substr(1, close - 1));
        const auto rest = authority.substr(close + 1);
        if (!is_ipv6(out.host) || (!rest.empty() && rest.front() != ':')) {
            return bad_url("not an IPv6 address", whole);
        }
        has_port = !rest.empty();
        port = has_port ? rest.substr(1) : rest;
    } else {
        const auto colon = authority.find(':');
        out.host = lower(authority.substr(0, colon));
        if (!is_host_name(out.host)) {
            return bad_url("not a host name", whole);
        }
        has_port = colon != std::string_view::npos;
        port = has_port ? authority.substr(colon + 1) : std::string_view{};
    }
    if (has_port) {
        const auto number = parse_port(port);
        if (!number) {
            return bad_url("not a port between 1 and 65535", whole);
        }
        out.port = *number;
    }
    return out;
}

} // namespace

std::optional<std::string_view> find_header(const headers& all, std::string_view name) {
    const auto found =
        std::ranges::find_if(all, [&](const header& h) { return same_without_case(h.name, name); });
    return found == all.end() ? std::nullopt : std::optional<std::string_view>{found->value};
}

std::size_t count_headers(const headers& all, std::string_view name) {
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const header& h) { return same_without_case(h.name, name); }));
}

std::string media_type(const headers& all) {
    const auto value = find_header(all, "Content-Type").value_or(std::string_view{});
    return lower(trim(value.substr(0, value.find(';'))));
}

std::string_view to_text(transport_failure kind) {
    switch (kind) {
    case transport_failure::refused:
        return "refused";
    case transport_failure::tls_alert:
        return "tls_alert";
    case transport_failure::timeout:
        return "timeout";
    case transport_failure::reset:
        return "reset";
    }
    return "unknown";
}

std::string transport_error::message() const {
    std::string out{to_text(kind)};
    out += after_send ? " after the request was sent" : " before the request was sent";
    if (!detail.empty()) {
        out += ": " + detail;
    }
    return out;
}

std::string to_text(const endpoint& e) {
    const bool brackets = e.host.find(':') != std::string::npos;
    return (brackets ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port);
}

result<url> parse_url(std::string_view text) {
    if (text.size() > max_url_bytes) {
        return bad_url("longer than 8192 bytes", text);
    }
    if (!std::ranges::all_of(text, is_url_character)) {
        return bad_url("a space, a control character or another one that URLs cannot have", text);
    }
    const auto colon = text.find("://");
    const auto scheme = lower(text.substr(0, std::min(colon, text.size())));
    if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) {
        return bad_url("does not begin with http:// or https://", text);
    }
    if (text.find('#') != std::string_view::npos) {
        return bad_url("has a fragment", text);
    }
    url out;
    out.secure = scheme == "https";
    const auto rest = text.substr(colon + 3);
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    const auto authority = rest.substr(0, end);
    if (authority.find('@') != std::string_view::npos) {
        return bad_url("has user info", text);
    }
    auto server = parse_authority(authority, out.secure ? 443 : 80, text);
    if (!server) {
        return std::unexpected(std::move(server.error()));
    }
    out.server = std::move(*server);
    out.target = rest.substr(end);
    if (!out.target.starts_with('/')) {
        out.target.insert(0, "/");
    }
    return out;
}

std::optional<std::string> query_parameter(std::string_view target, std::string_view name) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) {
        return std::nullopt;
    }
    auto rest = target.substr(mark + 1);
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        if (percent_decode(pair.substr(0, equals)) == name) {
            return percent_decode(pair.substr(std::min(equals + 1, pair.size())));
        }
    }
    return std::nullopt;
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

bool may_send_again(std::string_view method, const transport_error& why, bool reused_connection) {
    if (why.kind != transport_failure::reset) {
        return false;
    }
    // RFC 9113 sections 6.8 and 8.7: what stands above GOAWAY's last stream, and what was refused
    // with REFUSED_STREAM, has not been processed; nor has what never left.
    if (!why.after_send) {
        return true;
    }
    // RFC 9112 section 9.3.1: a server may close a kept connection while a request is on its way.
    // RFC 9110 section 9.2.2: idempotent methods may then be repeated without asking, but not twice
    // (the second try is on a connection that was not used before).
    const bool idempotent = method == "GET" || method == "HEAD" || method == "PUT" ||
                            method == "DELETE" || method == "OPTIONS";
    return reused_connection && !why.heard && idempotent;
}

} // namespace pomona::net
