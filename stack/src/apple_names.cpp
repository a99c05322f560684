#include "apple_names.hpp"

#include <array>
#include <string_view>

namespace pomona::stack {
namespace {

/// Apple, "Sending notification requests to APNs"; the last is the older name of the second.
constexpr std::array<std::string_view, 3> push_hosts{
    "api.push.apple.com", "api.sandbox.push.apple.com", "api.development.push.apple.com"};
constexpr std::array<std::uint16_t, 2> push_ports{443, 2197};
/// The device-enrollment service, the business API and its tokens, and where devices ask.
constexpr std::array<std::string_view, 6> abm_hosts{
    "mdmenrollment.apple.com", "api-business.apple.com", "api-school.apple.com",
    "account.apple.com",       "iprofiles.apple.com",    "deviceenrollment.apple.com"};

template <std::size_t N>
std::vector<std::string> with_own(const std::array<std::string_view, N>& hosts,
                                  const std::string& own) {
    std::vector<std::string> out{"localhost", "127.0.0.1"};
    if (own != "127.0.0.1" && own != "localhost") {
        out.push_back(own);
    }
    out.insert(out.end(), hosts.begin(), hosts.end());
    return out;
}

/// A service that listens on every address is reached on loopback.
net::endpoint reachable(net::endpoint at) {
    if (at.host == "0.0.0.0" || at.host.empty()) {
        at.host = "127.0.0.1";
    } else if (at.host == "::") {
        at.host = "::1";
    }
    return at;
}

} // namespace

std::vector<std::string> names_of_apns(const std::string& own) {
    return with_own(push_hosts, own);
}

std::vector<std::string> names_of_abm(const std::string& own) {
    return with_own(abm_hosts, own);
}

std::vector<net::tunnel_route> routes_to(const net::endpoint& apns,
                                         const std::optional<net::endpoint>& abm) {
    std::vector<net::tunnel_route> out;
    for (const auto host : push_hosts) {
        for (const auto port : push_ports) {
            out.push_back({std::string{host}, port, reachable(apns)});
        }
    }
    if (abm) {
        for (const auto host : abm_hosts) {
            out.push_back({std::string{host}, 443, reachable(*abm)});
        }
    }
    return out;
}

} // namespace pomona::stack
