// Device channels that have nothing waiting: what an Idle of theirs would find in the database is
// known. Most of what a server hears is of this kind.
#pragma once

#include "store/records.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace pomona::server {

/// Users' channels are not in it. Filled by an Idle that found nothing, emptied by every operation
/// that could change what the next one finds, at the moment it is asked for. On the world's thread.
class quiet_channels {
  public:
    /// Choice: how much older than the truth the stored last_seen may be.
    static constexpr duration contact_stored_every = std::chrono::minutes{1};

    /// True: this Idle is allowed, no command waits, and the contact need not be stored yet.
    [[nodiscard]] bool answers(const presented& who);
    /// An Idle goes to the database; `close` tells what it found, and is ignored when something
    /// else was asked for meanwhile.
    std::uint64_t open(const presented& who);
    void close(const presented& who, std::uint64_t ticket, bool nothing_waits);
    void forget(const std::string& device) { known_.erase(device); }
    /// The last contact, when it was not stored.
    [[nodiscard]] std::optional<time_point> seen(const std::string& device) const;

  private:
    struct channel {
        std::uint64_t ticket = 0;
        bool quiet = false;
        bytes certificate;
        time_point stored, seen;
    };
    std::unordered_map<std::string, channel> known_; ///< at most one for each enrollment
    std::uint64_t tickets_ = 0;
};

/// The device channel's id, also of a user.
std::string device_of(const mdm::sender& from);

} // namespace pomona::server
