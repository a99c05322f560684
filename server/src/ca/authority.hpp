// The certificate authority: what its certificates say. Pure: keys, times and serials come in.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <string>
#include <vector>

namespace pomona::server {

/// 16 random octets made a positive serial of full length (RFC 5280 section 4.1.2.2).
bytes make_serial(bytes sixteen_random);

/// The root: self-signed, 10 years, signs certificates and CRLs, and, being its own SCEP RA, signs
/// and decrypts messages.
result<crypto::identity> make_root(crypto::private_key key, const std::string& organization,
                                   bytes serial, time_point now);

/// The server's own TLS identity, also used to sign profiles; valid 825 days at most.
result<crypto::identity> make_tls(const crypto::identity& root, crypto::private_key key,
                                  const std::vector<std::string>& names, bytes serial,
                                  time_point now);

/// What a CSR may decide about the certificate of a device.
struct device_request {
    crypto::name subject;
    std::vector<std::string> dns_names;
    bytes public_key_info;
};
/// Client authentication, one year, never beyond the CA itself. Extensions a CSR asks for are not
/// looked at but for SAN names.
result<crypto::certificate> issue_device(const crypto::identity& root,
                                         const device_request& request, bytes serial,
                                         time_point now);

} // namespace pomona::server
