#include "ca/authority.hpp"

#include <algorithm>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;
using days = std::chrono::days;

// A Mac whose clock is a little behind must not see a certificate from the future.
constexpr auto back_dated = 10min;
constexpr std::size_t max_dns_names = 16;

time_point within(const crypto::certificate& ca, time_point end) {
    return std::min(end, ca.not_after());
}

} // namespace

bytes make_serial(bytes sixteen_random) {
    // RFC 5280 section 4.1.2.2: positive. With the second bit set no octet is lost to leading
    // zeros.
    sixteen_random.front() = static_cast<std::uint8_t>((sixteen_random.front() & 0x7fU) | 0x40U);
    return sixteen_random;
}

result<crypto::identity> make_root(crypto::private_key key, const std::string& organization,
                                   bytes serial, time_point now) {
    crypto::certificate_spec spec{
        .subject = {{"O", organization}, {"CN", organization + " CA"}},
        .serial = std::move(serial),
        .not_before = now - back_dated,
        .not_after = now + days{3652},
        .ca = true,
        .path_length = 0,
        // RFC 8894 section 2.1.2: the certificate that decrypts needs keyEncipherment, the one that
        // signs replies digitalSignature (SCEP-006).
        .usage = {.digital_signature = true,
                  .key_encipherment = true,
                  .key_cert_sign = true,
                  .crl_sign = true},
        .extended_usage = {},
        .dns_names = {},
        .extensions = {}};
    auto cert = crypto::self_sign(spec, key);
    if (!cert) {
        return std::unexpected(std::move(cert.error()));
    }
    return crypto::identity{std::move(*cert), std::move(key), {}};
}

result<crypto::identity> make_tls(const crypto::identity& root, crypto::private_key key,
                                  const std::vector<std::string>& names, bytes serial,
                                  time_point now) {
    crypto::certificate_spec spec{
        .subject = {{"CN", names.empty() ? std::string{"localhost"} : names.front()}},
        .serial = std::move(serial),
        .not_before = now - back_dated,
        // Apple, "Requirements for trusted certificates in iOS 13 and macOS 10.15": 825 days.
        .not_after = within(root.cert, now + days{820}),
        .ca = false,
        .path_length = {},
        .usage = {.digital_signature = true},
        .extended_usage = {"serverAuth"},
        .dns_names = names,
        .extensions = {}};
    auto cert = crypto::issue(spec, key.public_key_info(), root);
    if (!cert) {
        return std::unexpected(std::move(cert.error()));
    }
    return crypto::identity{std::move(*cert), std::move(key), {root.cert}};
}

result<crypto::certificate> issue_device(const crypto::identity& root,
                                         const device_request& request, bytes serial,
                                         time_point now) {
    auto names = request.dns_names;
    names.resize(std::min(names.size(), max_dns_names));
    crypto::certificate_spec spec{.subject = request.subject,
                                  .serial = std::move(serial),
                                  .not_before = now - back_dated,
                                  .not_after = within(root.cert, now + days{365}),
                                  .ca = false,
                                  .path_length = {},
                                  .usage = {.digital_signature = true, .key_encipherment = true},
                                  .extended_usage = {"clientAuth"},
                                  .dns_names = std::move(names),
                                  .extensions = {}};
    return crypto::issue(spec, request.public_key_info, root);
}

} // namespace pomona::server
