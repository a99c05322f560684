// application/x-www-form-urlencoded: form bodies and query strings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona {

struct form_field {
    std::string name, value;
    bool operator==(const form_field&) const = default;
};
/// In the order of the wire; a name may occur more than once.
using form = std::vector<form_field>;

/// "a=1&b=x%20y". Spaces become %20, which every decoder takes.
std::string write_form(const form& fields);
/// '+' is a space (WHATWG URL, application/x-www-form-urlencoded). nullopt for a broken escape or
/// more than `most` fields. Empty text has no field.
std::optional<form> read_form(std::string_view text, std::size_t most = 200);
/// The first of that name; null when there is none.
const std::string* find_field(const form& fields, std::string_view name);

} // namespace pomona
