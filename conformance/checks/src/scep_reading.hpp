// SCEP exchanges as checks look at them.
#pragma once

#include "reading.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pomona::checks {

/// Exchanges of channel "scep" with that operation.
std::vector<const exchange*> scep_operations(const trace_view& run, std::string_view operation);

/// Which CA: the server and the path, without the query.
std::string ca_of(const trace::event& e);

/// Whether a GetCACaps answer lists the word, in any case.
bool has_capability(const trace::event& caps, std::string_view word);
bool is_same_word(std::string_view a, std::string_view b); ///< without regard to case

} // namespace pomona::checks
