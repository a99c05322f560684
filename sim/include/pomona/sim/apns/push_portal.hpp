// The push certificates portal, emulated: entries that keep their topic, and certificates that are
// wrong on purpose.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/protocol/crypto/certificate.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::apns {

/// What may be wrong with a certificate that the portal gives.
enum class push_certificate_kind : std::uint8_t {
    good,
    expired,      ///< ended a day ago
    sandbox_only, ///< for the sandbox, which MDM never uses
    no_uid,       ///< no topic in its subject
    other_topic   ///< another topic than the entry's
};
std::string_view name_of(push_certificate_kind kind);
std::optional<push_certificate_kind> find_push_certificate_kind(std::string_view name);

/// Where randomness comes from: `bytes random(count)`, `std::string uuid()`.
struct portal_entropy {
    std::function<bytes(std::size_t)> random;
    std::function<std::string()> uuid;
};

class push_portal {
  public:
    /// `root` issues push certificates and stands for Apple's root over MDM vendors.
    push_portal(crypto::identity root, portal_entropy entropy)
        : root_{std::move(root)}, entropy_{std::move(entropy)} {}

    /// "Create a Certificate": an upload (sheet section 7) becomes a new entry with a topic of its
    /// own; the certificate, PEM. Errors are for the uploader.
    struct issued {
        std::string entry;
        topic for_topic;
        crypto::certificate cert;
    };
    result<issued> create(const crypto::context& ctx, std::string_view upload, time_point now,
                          push_certificate_kind kind = push_certificate_kind::good);
    /// "Renew": the same entry, so the same UID and CN (APNS-071). Error: no such entry.
    result<issued> renew(const crypto::context& ctx, std::string_view entry,
                         std::string_view upload, time_point now,
                         push_certificate_kind kind = push_certificate_kind::good);
    /// A certificate of this serial (hex, upper case) is refused from now on.
    void revoke(std::string serial) { revoked_.insert(std::move(serial)); }
    [[nodiscard]] bool is_revoked(const std::string& serial) const {
        return revoked_.contains(serial);
    }
    [[nodiscard]] bool has_revoked() const { return !revoked_.empty(); }
    /// An MDM vendor's certificate for this key, with its chain up to the root: what the vendor
    /// needs to sign its customers' requests.
    result<std::vector<crypto::certificate>> vendor_chain(const crypto::private_key& vendor_key,
                                                          time_point now);

  private:
    result<issued> issue(std::string entry, const bytes& public_key, time_point now,
                         push_certificate_kind kind);
    bytes draw_serial();

    crypto::identity root_;
    portal_entropy entropy_;
    std::map<std::string, topic, std::less<>> entries_;
    std::set<std::string, std::less<>> revoked_;
};

} // namespace pomona::sim::apns
