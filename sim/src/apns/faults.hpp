// The faults that were ordered of the push service, and which push they meet.
#pragma once

#include "pomona/sim/apns/fault.hpp"

#include <functional>
#include <vector>

namespace pomona::sim::apns {

class fault_orders {
  public:
    /// Choice: more orders than a person or a scenario has at once.
    static constexpr std::size_t most = 1000;

    /// False when there are too many.
    bool add(fault_order one);
    void clear() { orders_.clear(); }
    [[nodiscard]] const std::vector<fault_order>& waiting() const { return orders_; }
    /// The first order that this push meets, which it uses up by one; `draw` gives 0 to 99 and is
    /// asked only where chance has a say.
    std::optional<fault_order> take(const push_token& token, const topic& for_topic,
                                    const std::function<unsigned()>& draw);

  private:
    std::vector<fault_order> orders_;
};

} // namespace pomona::sim::apns
