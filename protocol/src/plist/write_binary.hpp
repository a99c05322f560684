// The binary form, written by ourselves.
#pragma once

#include "pomona/protocol/plist/codec.hpp"

namespace pomona::plist {

/// The same tree gives the same octets, always. libplist 2.2 cannot promise that: it looks for
/// equal data by a hash over their addresses, so what it shares depends on the heap.
bytes write_binary(const value& root);

} // namespace pomona::plist
