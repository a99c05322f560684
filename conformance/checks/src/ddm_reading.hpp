// Declarative management messages as checks look at them.
#pragma once

#include "reading.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pomona::checks {

/// What a DeclarativeManagement check-in is about.
enum class ddm_target { none, tokens, declaration_items, declaration, status, other };
ddm_target target_of(const exchange& x);

/// Kind and identifier of "declaration/<kind>/<identifier>"; the identifier may have slashes.
std::pair<std::string, std::string> asked_for(const trace::event& request);

/// Check-ins of that target that were answered 200.
std::vector<const exchange*> answered_syncs(const trace_view& run, ddm_target target);

/// Identifier and ServerToken of each item of a declaration-items answer, from its body.
std::vector<std::pair<std::string, std::string>> items_of(const trace_view& run,
                                                          const trace::event& answer);
std::map<std::string, std::string, std::less<>> listed_by(const trace_view& run,
                                                          const trace::event& answer);

/// trace::at_path.
nlohmann::json trace_path(const nlohmann::json& root, std::string_view path);

inline constexpr std::string_view no_manifest =
    "no Mac asked for declaration-items and was answered 200";

/// The answer is a DeclarativeManagement command.
bool switches_on(const exchange& x);

} // namespace pomona::checks
