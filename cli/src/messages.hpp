// What Apple's schema says of a command, check-in message, error document, profile payload,
// declaration or status item.
#pragma once

#include "command.hpp"
#include "settings.hpp"

#include <string>

namespace pomona::cli {

/// --seed-schema
option seed_schema_option();

/// `seed`: with what is known of a release from its seed only.
exit_code list_messages(bool json, bool seed);
/// False: the schema names nothing so. A name in several areas is explained in each.
bool explain_message(const std::string& name, bool json, bool seed);
/// The nearest name; empty when none is near.
std::string nearest_message(const std::string& name);

} // namespace pomona::cli
