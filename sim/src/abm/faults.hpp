// Named disturbances of the device-enrollment service: what clients have to bear.
#pragma once

#include "pomona/sim/abm/fault.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace pomona::sim::abm {

/// The faults that were asked for; each ends with its budget.
class fault_list {
  public:
    void add(fault_order order) { orders_.push_back(std::move(order)); }
    void clear() { orders_.clear(); }
    [[nodiscard]] const std::vector<fault_order>& pending() const { return orders_; }

    /// One of `kind` for this request, if there is any; its budget is one less then.
    bool take(fault kind, std::string_view server, std::string_view path);
    /// The first of any kind that replaces the answer.
    std::optional<fault_order> take_refusal(std::string_view server, std::string_view path);

  private:
    bool spend(std::vector<fault_order>::iterator at);
    std::vector<fault_order> orders_;
};

} // namespace pomona::sim::abm
