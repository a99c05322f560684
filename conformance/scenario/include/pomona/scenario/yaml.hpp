// Strict YAML, as scenario files are written.
#pragma once

#include "pomona/foundation/yaml.hpp"
#include "pomona/scenario/source.hpp"

namespace pomona::scenario {

namespace yaml = pomona::yaml;

} // namespace pomona::scenario
