// The profiles a Mac holds, and the rules under which one may come in or go.
#pragma once

#include "pomona/protocol/mdm/command.hpp"
#include "pomona/protocol/profile/profile.hpp"

#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

enum class origin { user, mdm };

struct installed_profile {
    profile::profile content;
    origin from{};
    [[nodiscard]] bool is_enrollment() const { return !content.of_type(profile::mdm_type).empty(); }
};

/// Schema com.apple.mdm: the server wants users to connect for themselves.
bool has_user_channel(const profile::mdm_payload& m);

class profile_store {
  public:
    enum class change {
        added,
        replaced,
        enrollment_update ///< the installed MDM payload is to be renewed by this profile
    };
    /// May `p` come in? Nothing changes. The error is what a Mac reports.
    [[nodiscard]] std::expected<change, mdm::error_chain_item>
    check_install(const profile::profile& p, origin from) const;
    /// May MDM remove it? The enrollment profile is removable too.
    [[nodiscard]] std::expected<void, mdm::error_chain_item>
    check_remove_by_mdm(std::string_view identifier) const;

    /// Replaces a profile of the same PayloadIdentifier in place, or appends. Rules are the
    /// caller's: check first.
    void put(profile::profile p, origin from);
    void erase(std::string_view identifier);
    void clear() { all_.clear(); }

    [[nodiscard]] const installed_profile* find(std::string_view identifier) const;
    [[nodiscard]] const installed_profile* enrollment() const; ///< null when there is none
    [[nodiscard]] const std::vector<installed_profile>& all() const { return all_; }

  private:
    std::vector<installed_profile> all_;
};

} // namespace pomona::sim::mac
