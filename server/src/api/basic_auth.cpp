#include "api/basic_auth.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace pomona::server {

bool authorized(const net::headers& headers, std::string_view user, std::string_view key) {
    constexpr std::string_view scheme = "basic ";
    constexpr std::size_t longest = 1024;
    const auto value = net::find_header(headers, "Authorization").value_or("");
    if (key.empty() || value.size() <= scheme.size() || value.size() > longest) {
        return false;
    }
    // RFC 9110 section 11.1: the scheme's name is compared without case.
    const bool basic = std::equal(scheme.begin(), scheme.end(), value.begin(), [](char a, char b) {
        return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
    });
    const auto given = from_base64(value.substr(scheme.size()));
    if (!basic || !given) {
        return false;
    }
    const auto wanted = std::string{user} + ':' + std::string{key};
    // Hashes, so that not even the length of the key shows.
    return crypto::equal_constant_time(crypto::sha256(*given), crypto::sha256(as_bytes(wanted)));
}

} // namespace pomona::server
