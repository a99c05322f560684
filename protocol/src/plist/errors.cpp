#include "pomona/foundation/error_category.hpp"
#include "pomona/protocol/plist/codec.hpp"

namespace pomona::plist {
namespace {

constexpr char category_name[] = "plist";

const char* describe(errc value) {
    switch (value) {
    case errc::too_large:
        return "property list is too large";
    case errc::too_deep:
        return "property list is nested too deeply";
    case errc::too_many_nodes:
        return "property list has too many nodes";
    case errc::not_a_plist:
        return "not a property list";
    case errc::malformed:
        return "malformed property list";
    case errc::unsupported_type:
        return "property list holds an unsupported type";
    case errc::not_a_dictionary:
        return "property list is not a dictionary";
    case errc::missing_key:
        return "missing key";
    case errc::wrong_type:
        return "key of the wrong type";
    }
    return "unknown property list error";
}

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

} // namespace pomona::plist
