// Places in a user's file and problems that point at them, as the scenario language's own words.
#pragma once

#include "pomona/foundation/source.hpp"

namespace pomona::scenario {

using pomona::line_of;
using pomona::location;
using pomona::nearest;
using pomona::problem;
using pomona::render;

} // namespace pomona::scenario
