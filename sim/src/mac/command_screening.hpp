// What a Mac answers to a command before it looks at what it means: unknown, not for it, not as the
// schema has it.
#pragma once

#include "mac/device_state.hpp"
#include "pomona/protocol/mdm/command.hpp"
#include "pomona/protocol/schema/validate.hpp"

#include <optional>

namespace pomona::sim::mac {

/// The Mac as the schema looks at it.
schema::context schema_context(const device_state& state);

/// Why the Mac will not carry the command out, with the code it reports.
std::optional<mdm::error_chain_item> screen_availability(const mdm::command& c,
                                                         const device_state& state);
/// What is wrong with the command's form; nullopt when it can be carried out.
std::optional<std::string> screen_form(const mdm::command& c, const device_state& state);
/// The command without the keys that are not there for this Mac, channel or enrollment, which it
/// passes over; nullopt when it has none.
std::optional<mdm::command> without_foreign_keys(const mdm::command& c, const device_state& state);

} // namespace pomona::sim::mac
