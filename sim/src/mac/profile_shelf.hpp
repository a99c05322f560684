// Parsed profiles, held once however many Macs have them installed.
#pragma once

#include "pomona/protocol/profile/profile.hpp"

#include <map>
#include <memory>

namespace pomona::sim::mac {

using profile_ptr = std::shared_ptr<const profile::profile>;

/// Keeps no profile alive by itself. One for all Macs of an environment, used on its thread.
class profile_shelf {
  public:
    /// As profile::parse; equal bytes give the same object as long as somebody has it. Encrypted
    /// profiles are not shared: who can read them differs.
    result<profile_ptr> read(const crypto::context& ctx, bytes_view data,
                             const crypto::identity* own);
    [[nodiscard]] std::size_t size() const { return known_.size(); }

  private:
    void forget_unused();

    std::map<bytes, std::weak_ptr<const profile::profile>> known_; ///< by SHA-256 of the bytes
    std::size_t tidy_at_ = 64;
};

} // namespace pomona::sim::mac
