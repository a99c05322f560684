#include "push/push_identity.hpp"

#include <algorithm>

namespace pomona::server {

result<crypto::identity> read_push_pem(const crypto::context& ctx, bytes_view pem) {
    auto certs = crypto::certificate::from_pem(ctx, pem);
    if (!certs) {
        return std::unexpected(std::move(certs.error()));
    }
    auto key = crypto::private_key::from_pem(ctx, pem);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    // The leaf is the one that belongs to the key, wherever it stands.
    const auto leaf =
        std::ranges::find(*certs, key->public_key_info(), &crypto::certificate::public_key_info);
    if (leaf == certs->end()) {
        return fail(crypto::errc::wrong_key, "the key belongs to none of the certificates");
    }
    crypto::identity out{*leaf, std::move(*key), {}};
    certs->erase(leaf);
    out.chain = std::move(*certs);
    return out;
}

result<push_identity> check_push_identity(crypto::identity identity, time_point now) {
    if (identity.cert.public_key_info() != identity.key.public_key_info()) {
        return fail(crypto::errc::wrong_key, "the key is not the push certificate's");
    }
    const auto uid = identity.cert.subject_part("UID");
    // Apple, MDM payload, Topic: begins so and equals the subject's UID.
    if (!uid || !uid->starts_with("com.apple.mgmt.")) {
        return fail(crypto::errc::unsupported,
                    "the subject has no UID that begins with com.apple.mgmt.");
    }
    if (now >= identity.cert.not_after()) {
        return fail(crypto::errc::expired,
                    "the push certificate ended " + to_rfc3339(identity.cert.not_after()));
    }
    return push_identity{std::move(identity), topic{*uid}};
}

std::string write_push_pem(const crypto::identity& identity) {
    auto out = identity.cert.pem();
    for (const auto& c : identity.chain) {
        out += c.pem();
    }
    return out + identity.key.to_pem();
}

} // namespace pomona::server
