// Asking Apple's activation service which enrollment profile this Mac has.
#pragma once

#include "mac/enrollment.hpp"

#include <optional>

namespace pomona::sim::mac {

/// What was learned; nullopt: the Mac is assigned to no server, or has no profile there. `cause`
/// becomes the event of the answer. Needs `environment::activation`.
net::task<std::expected<std::optional<ade_assignment>, step_failure>>
ask_activation(core_ptr self, std::uint64_t& cause);

/// The panes of Setup Assistant without those that are skipped: "Location, Restore". Unknown names
/// are ignored.
std::string panes_shown(const std::vector<std::string>& skipped);

/// An activation record (JSON); an error when it is none.
result<ade_assignment> read_activation_record(bytes_view body);

} // namespace pomona::sim::mac
