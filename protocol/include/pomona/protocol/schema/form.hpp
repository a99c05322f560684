// Forms answers that the schema calls valid, out of what is known and fillers for the rest.
#pragma once

#include "pomona/protocol/schema/validate.hpp"

#include <functional>

namespace pomona::schema {

/// What the caller knows: asked for each key of the answer by its path
/// ("SecurityInfo.FDE_Enabled"). A dictionary or an array may be given as a whole; required keys
/// that are missing in it are filled in.
using value_source = std::function<std::optional<plist::value>(std::string_view path)>;

/// The answer's keys of a command, in the order of Apple's file. A key that the Mac of `c` has not
/// is left out; a required one that the source does not know gets, in this order, its first allowed
/// value, the lower end of its range, its default, or a value of its type ("", 0, false, no bytes,
/// 1 January 2001; an array gets as many elements as it must have). Empty for an unknown command.
plist::dict form_answer(std::string_view request_type, const value_source& known, const context& c);

} // namespace pomona::schema
