// The few forms of texts that the schema gives by regular expression (which are not safe as they
// stand).
#pragma once

#include "pomona/protocol/schema/tables.hpp"

namespace pomona::schema {

/// Linear in the text.
bool has_format(std::string_view text, text_format f);
/// Unicode characters of UTF-8.
std::size_t characters(std::string_view text);

} // namespace pomona::schema
