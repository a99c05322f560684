// Provisioning profiles of apps made for iOS (schema mdm/commands/profile.provisioning.*.yaml).
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/crypto/context.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

struct provisioning_profile {
    std::string name, uuid;
    std::optional<time_point> expires = std::nullopt;
    bool operator==(const provisioning_profile&) const = default;
};
/// CMS around a property list, as Apple issues them (the signer is not judged), or the bare list.
result<provisioning_profile> read_provisioning_profile(const crypto::context& ctx, bytes_view data);

class provisioning {
  public:
    [[nodiscard]] const std::vector<provisioning_profile>& all() const { return all_; }
    /// Again is no error: it is brought up to date.
    void put(provisioning_profile p);
    /// False when there is none.
    bool remove(std::string_view uuid);

    [[nodiscard]] plist::dict save() const;
    static result<provisioning> load(const plist::dict& saved);
    bool operator==(const provisioning&) const = default;

  private:
    std::vector<provisioning_profile> all_;
};

} // namespace pomona::sim::mac
