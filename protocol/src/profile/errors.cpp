#include "pomona/foundation/error_category.hpp"
#include "pomona/protocol/profile/profile.hpp"

namespace pomona::profile {
namespace {

constexpr char category_name[] = "profile";

const char* describe(errc value) {
    switch (value) {
    case errc::malformed:
        return "malformed configuration profile";
    case errc::missing_key:
        return "missing key";
    case errc::wrong_type:
        return "key of the wrong type";
    case errc::duplicate_uuid:
        return "two payloads with the same PayloadUUID";
    case errc::bad_signature:
        return "the profile's signature does not verify";
    case errc::encrypted:
        return "the profile is encrypted";
    case errc::unsupported_value:
        return "unsupported value";
    case errc::decrypt_failed:
        return "the profile is encrypted for somebody else";
    }
    return "unknown profile error";
}

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

} // namespace pomona::profile
