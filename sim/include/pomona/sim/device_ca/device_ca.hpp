// The authority that gives devices their certificates in the factory, emulated: what signs
// MachineInfo chains to its root, as it does to Apple's on a real Mac.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace pomona::sim {

class device_ca {
  public:
    using key_source = std::function<std::optional<crypto::private_key>(std::string_view role)>;
    /// The key of `role` "device-ca" from `keys`; generated (offloaded) when it has none.
    static net::task<result<std::shared_ptr<const device_ca>>> make(net::world& world,
                                                                    key_source keys);

    /// What a server that verifies MachineInfo has to trust: as Apple's, the root alone.
    [[nodiscard]] const crypto::certificate& root() const { return root_; }
    /// The certificate of one device for the public key of `key`. Its chain (observed: F23) has the
    /// intermediate and not the root on a Mac, both on an iPhone; `machine.wire` may say otherwise.
    [[nodiscard]] result<crypto::identity> issue(net::world& world, const mac::hardware& machine,
                                                 const crypto::private_key& key) const;

  private:
    device_ca(crypto::certificate root, crypto::identity issuer)
        : root_{std::move(root)}, issuer_{std::move(issuer)} {}
    crypto::certificate root_;
    crypto::identity issuer_;
};

} // namespace pomona::sim
