// One Mac as a property list, and back: what outlives a process.
#pragma once

#include "mac/core.hpp"

namespace pomona::sim::mac {

/// Secrets included: the private key, the push magic, what profiles and accounts hold.
plist::dict save(const core& c);

/// What a Mac is made of before anything was done with it.
struct saved_machine {
    actor who;
    hardware hw;
    crypto::private_key key;
    std::vector<account> users;
};
result<saved_machine> load_machine(const plist::dict& snapshot, const crypto::context& ctx);
/// The rest, into a Mac that was made of it.
result<void> restore(core& c, const plist::dict& snapshot);

/// A restored Mac goes on: push tokens, TokenUpdates that are due, sessions that are due.
void resume(const core_ptr& self);

} // namespace pomona::sim::mac
