// Messages made out of the tables: the smallest and the fullest that are valid.
#pragma once

#include "pomona/protocol/schema/validate.hpp"

namespace pomona::schema {

enum class extent { minimal, maximal };

/// Keys and values that are valid for `c`; of a union one element of each kind.
plist::dict make_dictionary(std::span<const node> keys, const context& c, extent e);
/// The Command dictionary, RequestType included.
plist::dict make_command(const entry& command, const context& c, extent e);
plist::value make_value(const node& n, const context& c, extent e);
/// A value that is certainly not of the node's type.
plist::value make_wrong_type(const node& n);

} // namespace pomona::schema
