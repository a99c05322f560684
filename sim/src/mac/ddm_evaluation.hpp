// Which declarations are active and valid, and why not: from the set alone.
#pragma once

#include "pomona/protocol/ddm/messages.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// All that a Mac holds, in the order of the last manifest of each kind.
struct declaration_set {
    std::vector<ddm::declaration> activations, configurations, assets, management;
    [[nodiscard]] std::vector<ddm::declaration>& of(ddm::kind k);
    [[nodiscard]] const std::vector<ddm::declaration>& of(ddm::kind k) const;
    [[nodiscard]] const ddm::declaration* find(ddm::kind k, std::string_view identifier) const;
    [[nodiscard]] std::size_t size() const {
        return activations.size() + configurations.size() + assets.size() + management.size();
    }
};

struct evaluation {
    /// The object of management.declarations: four arrays of states.
    std::shared_ptr<const nlohmann::json> declarations;
    /// Names of the status items that active subscriptions ask for, each once, in order of first
    /// mention.
    std::vector<std::string> subscribed;
};

evaluation evaluate(const declaration_set& all, const persona& kind);

} // namespace pomona::sim::mac
