// Which host a server's certificate is for.
#pragma once

#include "pomona/protocol/crypto/certificate.hpp"

#include <string_view>

namespace pomona::net {

/// Does the subject alternative name cover `host`, a name or an IP address without brackets? The
/// subject's CN is not looked at (RFC 9525 section 2), a wildcard stands for exactly the whole
/// leftmost label (section 6.3).
bool covers_host(const crypto::certificate& leaf, std::string_view host);

} // namespace pomona::net
