#include "peer_check.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace pomona::net {

namespace {

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

/// The address in network order, 4 or 16 bytes; empty when `text` is none.
bytes address_bytes(const std::string& text) {
    std::array<std::uint8_t, 16> address{};
    if (inet_pton(AF_INET, text.c_str(), address.data()) == 1) {
        return {address.begin(), address.begin() + 4};
    }
    if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) {
        return {address.begin(), address.end()};
    }
    return {};
}

bool name_matches(std::string_view pattern, std::string_view host) {
    if (!pattern.starts_with("*.")) {
        return pattern == host;
    }
    const auto suffix = pattern.substr(1);
    const auto dot = host.find('.');
    // Choice, as browsers do: no wildcard right below a top-level name.
    return dot != std::string_view::npos && dot > 0 && host.substr(dot) == suffix &&
           suffix.find('.', 1) != std::string_view::npos;
}

} // namespace

bool covers_host(const crypto::certificate& leaf, std::string_view host) {
    auto wanted = lower(host);
    if (wanted.ends_with('.')) {
        wanted.pop_back();
    }
    const auto wanted_address = address_bytes(wanted);
    return std::ranges::any_of(leaf.dns_names(), [&](const std::string& entry) {
        const auto name = lower(entry);
        return wanted_address.empty() ? name_matches(name, wanted)
                                      : address_bytes(name) == wanted_address;
    });
}

std::expected<void, std::string> check_server(const std::vector<crypto::certificate>& chain,
                                              const trust_store& trust, std::string_view host,
                                              time_point at) {
    if (chain.empty()) {
        return std::unexpected("the server presented no certificate");
    }
    if (!trust) {
        return std::unexpected("no certificate is trusted");
    }
    const std::vector<crypto::certificate> intermediates{chain.begin() + 1, chain.end()};
    if (const auto valid = crypto::verify_chain(chain.front(), intermediates, *trust, at); !valid) {
        return std::unexpected("server certificate: " + valid.error().message());
    }
    if (!covers_host(chain.front(), host)) {
        std::string names;
        for (const auto& name : chain.front().dns_names()) {
            names += (names.empty() ? "" : ", ") + escape(name);
        }
        return std::unexpected("server certificate: is for " + (names.empty() ? "no host" : names) +
                               ", not for " + escape(host));
    }
    return {};
}

std::optional<std::string> choose_alpn(const std::vector<std::string>& client,
                                       const std::vector<std::string>& server) {
    if (client.empty() || server.empty()) {
        return "http/1.1";
    }
    for (const auto& wish : client) {
        if (std::ranges::find(server, wish) != server.end()) {
            return wish;
        }
    }
    return std::nullopt;
}

std::vector<crypto::certificate> presented_chain(const crypto::identity* who) {
    std::vector<crypto::certificate> out;
    if (who != nullptr) {
        out.push_back(who->cert);
        out.insert(out.end(), who->chain.begin(), who->chain.end());
    }
    return out;
}

} // namespace pomona::net
