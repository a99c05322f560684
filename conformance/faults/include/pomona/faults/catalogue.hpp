// The named faults: what each does, to what, and what a correct peer does about it. A further one
// is an entry here and, if net has no disturbance for it yet, its mechanism there.
#pragma once

#include "pomona/faults/draws.hpp"
#include "pomona/faults/settings.hpp"
#include "pomona/net/fault.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pomona::faults {

enum class tier {
    message, ///< acts on whole messages: both worlds
    wire     ///< acts on the socket: the real world only
};
std::string_view to_text(tier t);

/// The message that a fault acts on, which decides what a rule's `on` may name.
enum class target { request, answer };

/// What a trace with this fault in it shows, for those who judge the peers.
enum class effect {
    late,  ///< everything, later or in other pieces
    lost,  ///< an exchange that failed; what the peer saw of it is open
    other, ///< an answer that is not the peer's, or not to the recorded request
    twice  ///< everything; the peer saw the request once more
};
std::string_view to_text(effect e);
effect effect_of(const net::disturbance& d);

struct fault {
    std::string_view id; ///< kebab-case, stable
    faults::tier tier{};
    faults::target acts_on{};
    bool needs_h2 = false;
    std::string_view does;   ///< what happens, one sentence
    std::string_view expect; ///< what correct peers do about it
    std::string_view source; ///< of that expectation: RFC and section, or Apple's page title
    std::vector<parameter> parameters;
    /// The disturbance for one exchange; `random` is that exchange's own.
    net::disturbance (*make)(const settings& with, draws random) = nullptr;
};

/// Message faults first, then wire faults, each by id.
const std::vector<fault>& catalogue();
const fault* find(std::string_view id);
std::vector<std::string_view> ids();

} // namespace pomona::faults
