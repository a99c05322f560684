// What a machine can do by its make: chip and model.
#pragma once

#include "pomona/sim/mac/persona.hpp"

namespace pomona::sim::mac {

/// An Intel Mac with Apple's T2 chip (Apple, "Mac models with the Apple T2 Security Chip").
bool has_t2(const persona& kind);
/// Erase All Content and Settings exists (schema device.erase.yaml: Apple silicon and T2).
bool can_erase_content(const persona& kind);
/// Schema information.device.yaml, PINRequiredForEraseDevice: a Mac without that way of erasing is
/// locked by its firmware.
bool pin_required_for_erase(const persona& kind);
/// PINRequiredForDeviceLock. Choice: of all of them.
bool pin_required_for_lock(const persona& kind);
/// Lights-out management (Apple, "Manage Mac computers with LOM"): the desktops without a screen.
bool supports_lom(const persona& kind);

} // namespace pomona::sim::mac
