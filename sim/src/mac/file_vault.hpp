// FileVault as people and profiles switch it on.
#pragma once

#include "mac/core.hpp"

namespace pomona::sim::mac {

/// On: with a personal recovery key. Off: its keys are gone.
void set_file_vault(core& self, bool on, std::uint64_t cause);
/// A profile was installed: com.apple.MCX.FileVault2 switches it on at once, or, with Defer, from
/// the next log-in on.
void follow_file_vault_profile(core& self, const profile::profile& installed, std::uint64_t cause);
/// Somebody has logged in.
void file_vault_at_log_in(core& self, std::uint64_t cause);

} // namespace pomona::sim::mac
