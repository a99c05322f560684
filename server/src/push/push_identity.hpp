// The push certificate and its key as PUT /v1/pushcert brings them.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/protocol/crypto/certificate.hpp"

namespace pomona::server {

struct push_identity {
    crypto::identity identity;
    pomona::topic topic;
};

/// Certificate(s) and unencrypted key in PEM, in any order.
result<crypto::identity> read_push_pem(const crypto::context& ctx, bytes_view pem);
/// The certificate has to name an MDM topic (subject UID), hold for the key and be valid now.
result<push_identity> check_push_identity(crypto::identity identity, time_point now);
/// What read_push_pem reads.
std::string write_push_pem(const crypto::identity& identity);

} // namespace pomona::server
