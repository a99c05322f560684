#include "pomona/foundation/error_category.hpp"
#include "pomona/protocol/mdm/checkin.hpp"

namespace pomona::mdm {
namespace {

constexpr char category_name[] = "mdm";

const char* describe(errc value) {
    switch (value) {
    case errc::malformed:
        return "malformed MDM message";
    case errc::missing_key:
        return "missing key";
    case errc::wrong_type:
        return "key of the wrong type";
    case errc::unknown_message:
        return "unknown MDM message";
    case errc::no_identifier:
        return "neither UDID nor EnrollmentID";
    }
    return "unknown MDM error";
}

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

} // namespace pomona::mdm
