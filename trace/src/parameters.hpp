// Secrets among name=value pairs: query strings and form bodies.
#pragma once

#include "pomona/trace/redaction.hpp"

#include <optional>

namespace pomona::trace {

/// "a=1&code=x" with secret values replaced; nullopt when there is none.
std::optional<std::string> redact_parameters(const redactor& by, std::string_view pairs);

} // namespace pomona::trace
