#include "connect_request.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace pomona::net {
namespace {

std::string_view reason_of(unsigned status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 431:
        return "Request Header Fields Too Large";
    case 502:
        return "Bad Gateway";
    default:
        return "Service Unavailable";
    }
}

bool is_text(std::string_view head) {
    return std::ranges::all_of(head, [](unsigned char c) {
        return (c >= 0x20 && c != 0x7f) || c == '\t' || c == '\r' || c == '\n';
    });
}

/// Each line after the first is `name: value`.
bool are_fields(std::string_view lines) {
    while (!lines.empty() && !lines.starts_with("\r\n")) {
        const auto end = lines.find("\r\n");
        const auto colon = lines.find(':');
        if (end == std::string_view::npos || colon == 0 || colon >= end) {
            return false;
        }
        lines.remove_prefix(end + 2);
    }
    return lines == "\r\n";
}

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

/// RFC 9110 section 7.2, authority-form: host and port, both there.
std::optional<endpoint> authority_of(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return std::nullopt;
    }
    const auto digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0) {
        return std::nullopt;
    }
    auto host = lower(text.substr(0, colon));
    if (host.ends_with('.')) {
        host.pop_back();
    }
    return endpoint{std::move(host), port};
}

std::string no_route(const endpoint& wanted) {
    return "nothing leaves this machine: " + escape(to_text(wanted)) +
           " is none of the names that this proxy leads to an emulated service\n";
}

} // namespace

std::string tunnel_refusal(unsigned status, std::string_view why) {
    std::string out = "HTTP/1.1 " + std::to_string(status) + ' ' + std::string{reason_of(status)} +
                      "\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: " +
                      std::to_string(why.size()) + "\r\nConnection: close\r\n";
    if (status == 405) {
        out += "Allow: CONNECT\r\n";
    }
    return out + "\r\n" + std::string{why};
}

std::expected<const tunnel_route*, std::string>
read_connect_request(std::string_view head, std::span<const tunnel_route> routes) {
    const auto malformed = [] {
        return std::unexpected(tunnel_refusal(400, "this is no HTTP request\n"));
    };
    const auto end = head.find("\r\n");
    if (end == std::string_view::npos || !is_text(head)) {
        return malformed();
    }
    const auto line = head.substr(0, end);
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == 0 || last == first ||
        !line.substr(last + 1).starts_with("HTTP/1.") || !are_fields(head.substr(end + 2))) {
        return malformed();
    }
    if (line.substr(0, first) != "CONNECT") {
        return std::unexpected(
            tunnel_refusal(405, "this proxy knows CONNECT only: https, not http\n"));
    }
    const auto wanted = authority_of(line.substr(first + 1, last - first - 1));
    if (!wanted) {
        return malformed();
    }
    const auto found = std::ranges::find_if(routes, [&](const tunnel_route& r) {
        return r.host == wanted->host && r.port == wanted->port;
    });
    if (found == routes.end()) {
        return std::unexpected(tunnel_refusal(403, no_route(*wanted)));
    }
    return &*found;
}

} // namespace pomona::net
