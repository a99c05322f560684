// An enrollment that goes on: new push tokens, a new identity, a return from a backup or as a copy.
#pragma once

#include "mac/enrollment.hpp"

namespace pomona::sim::mac {

/// The old tokens die at the push service; each channel that can talk announces its new one, and
/// repeats that until it is accepted.
net::task<void> rotate_tokens(core_ptr self, std::uint64_t cause);
/// The profile again from where it came, then `renew`.
net::task<enroll_result> fetch_and_renew(core_ptr self, renewal how, std::uint64_t cause);
/// As core::backup has it: TokenUpdate without Authenticate; 401 and its like end it again (Apple,
/// "Token Update").
net::task<enroll_result> restore(core_ptr self, std::uint64_t cause);
/// `copy` is new; from now on it is what `original` is, and announces itself when it is enrolled.
void become_clone(const core_ptr& copy, const core& original);

/// SetBootstrapToken, when the server keeps bootstrap tokens and has not got this Mac's (Apple,
/// "Set Bootstrap Token"); nothing otherwise.
net::task<void> escrow_bootstrap_token(core_ptr self, std::uint64_t cause);
/// GetBootstrapToken: has the server the token of this Mac?
net::task<bool> has_bootstrap_token(core_ptr self, std::uint64_t cause);

/// A macOS of the catalogue: exactly `version`, or the next one after it; any with a `build`.
std::optional<installed_os> find_os(std::string_view version, std::string build);

} // namespace pomona::sim::mac
