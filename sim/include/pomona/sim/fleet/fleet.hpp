// Many Macs: made from personas with identifiers of their own, reached by name.
#pragma once

#include "pomona/sim/mac/mac.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pomona::sim::fleet {

struct group {
    std::string name; ///< of the scenario's `macs` entry
    std::size_t count = 1;
    std::string persona; ///< a name of mac::persona_names
    mac::http_offer http = mac::http_offer::negotiate;
    std::vector<mac::account_order> users = {}; ///< of each Mac
    /// One from the user's own file instead of `persona`.
    std::shared_ptr<const mac::persona> own_persona = {};
    mac::manner manner = {};
};

/// Identifiers (UDID, serial number, MAC addresses) are drawn from the world's randomness, unique
/// within the fleet.
class fleet {
  public:
    /// `keys`: one RSA key a Mac, in order. Names run through the fleet: mac-0001, mac-0002, …
    static result<std::unique_ptr<fleet>> create(mac::environment env,
                                                 const std::vector<group>& groups,
                                                 std::vector<crypto::private_key> keys);
    ~fleet();

    [[nodiscard]] std::size_t size() const { return macs_.size(); }
    [[nodiscard]] mac::mac& at(std::size_t index) { return *macs_.at(index); }
    /// A copy of a virtual machine, as one more Mac of the group `into`; its index.
    std::size_t clone(std::size_t index, const std::string& into);
    /// Indices of a group's Macs; empty for an unknown name.
    [[nodiscard]] std::vector<std::size_t> members(std::string_view group_name) const;

  private:
    fleet();
    std::unique_ptr<mac::environment> env_;
    std::vector<std::unique_ptr<mac::mac>> macs_;
    std::vector<group> groups_;
    std::map<std::string, std::vector<std::size_t>, std::less<>> clones_; ///< by group
};

} // namespace pomona::sim::fleet
