// What `list personas` and `explain PERSONA` show.
#pragma once

#include "command.hpp"

namespace pomona::cli {

exit_code list_personas(bool json);
/// False: there is none of that name.
bool explain_persona(const std::string& name, bool json);
std::string nearest_persona(const std::string& name);

} // namespace pomona::cli
