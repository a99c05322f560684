// Typed access to the keys of profiles and payloads. Profiles are written by people too, so an
// error says which payload it is about.
#pragma once

#include "plist/typed_reader.hpp"
#include "pomona/protocol/profile/profile.hpp"

namespace pomona::profile {

using keys = plist::typed_reader<errc>;

} // namespace pomona::profile
