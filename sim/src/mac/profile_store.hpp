// The profiles a Mac holds, and the rules under which one may come in or go.
#pragma once

#include "mac/profile_shelf.hpp"
#include "pomona/protocol/mdm/command.hpp"
#include "pomona/protocol/profile/profile.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// Who installed a profile: the user by hand, a command, or a declaration.
enum class origin { user, mdm, declaration };

/// An identity that came with a profile's SCEP or ACME payload.
struct payload_identity {
    std::string payload_uuid;
    std::shared_ptr<const crypto::identity> identity;
};

struct installed_profile {
    profile_ptr content; ///< never null
    origin from{};
    std::optional<time_point> gone_at = std::nullopt; ///< removes itself then
    std::vector<payload_identity> identities = {};
    [[nodiscard]] bool is_enrollment() const {
        return !content->of_type(profile::mdm_type).empty();
    }
    [[nodiscard]] bool is_managed() const { return from != origin::user || is_enrollment(); }
};

/// When a profile that is installed at `now` removes itself; nullopt: never.
std::optional<time_point> removal_of(const profile::profile& p, time_point now);

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
    /// May the user remove it, with that password (empty: none given)? The enrollment profile of a
    /// supervised Mac stays when it says so.
    [[nodiscard]] std::expected<void, mdm::error_chain_item>
    check_remove_by_user(std::string_view identifier, std::string_view password) const;

    /// Replaces a profile of the same PayloadIdentifier in place, or appends. Rules are the
    /// caller's: check first.
    void put(profile::profile p, origin from) {
        put({.content = std::make_shared<const profile::profile>(std::move(p)), .from = from});
    }
    void put(installed_profile p);
    void erase(std::string_view identifier);
    /// The enrollment has ended: what MDM brought goes, what the user installed stays.
    void forget_managed();
    void clear() { all_.clear(); }

    /// When the next profile removes itself (RemovalDate, DurationUntilRemoval).
    [[nodiscard]] std::optional<time_point> next_removal() const;
    /// The identifiers of those that are due; they are still there.
    [[nodiscard]] std::vector<std::string> due(time_point now) const;

    [[nodiscard]] const installed_profile* find(std::string_view identifier) const;
    [[nodiscard]] const installed_profile* enrollment() const; ///< null when there is none
    [[nodiscard]] const std::vector<installed_profile>& all() const { return all_; }
    /// Every installed payload of a type, in the order of installation.
    [[nodiscard]] std::vector<const profile::payload*> payloads_of(std::string_view type) const;
    /// The first value of `key` in the payloads of a type; null: none says anything.
    [[nodiscard]] const plist::value* setting(std::string_view type, std::string_view key) const;

    /// Secrets included: keys of identities, challenges.
    [[nodiscard]] plist::array save() const;
    static result<profile_store> load(const plist::array& saved, const crypto::context& ctx,
                                      profile_shelf& shelf);

  private:
    std::vector<installed_profile> all_;
};

} // namespace pomona::sim::mac
