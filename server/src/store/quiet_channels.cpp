#include "store/quiet_channels.hpp"

namespace pomona::server {

std::string device_of(const mdm::sender& from) {
    return from.device.empty() ? from.enrollment : from.device.value();
}

bool quiet_channels::answers(const presented& who) {
    const auto found = known_.find(device_of(who.from));
    if (found == known_.end() || !found->second.quiet ||
        found->second.certificate != who.certificate ||
        who.now - found->second.stored >= contact_stored_every) {
        return false;
    }
    found->second.seen = who.now;
    return true;
}

std::uint64_t quiet_channels::open(const presented& who) {
    auto& entry = known_[device_of(who.from)];
    entry = {.ticket = ++tickets_, .quiet = false, .certificate = {}, .stored = {}, .seen = {}};
    return entry.ticket;
}

void quiet_channels::close(const presented& who, std::uint64_t ticket, bool nothing_waits) {
    const auto found = known_.find(device_of(who.from));
    if (found == known_.end() || found->second.ticket != ticket) {
        return;
    }
    if (!nothing_waits) {
        known_.erase(found); // also of a device nobody knows: only enrollments have an entry
        return;
    }
    found->second = {.ticket = ticket,
                     .quiet = true,
                     .certificate = who.certificate,
                     .stored = who.now,
                     .seen = who.now};
}

std::optional<time_point> quiet_channels::seen(const std::string& device) const {
    const auto found = known_.find(device);
    return found != known_.end() && found->second.quiet ? std::optional{found->second.seen}
                                                        : std::nullopt;
}

} // namespace pomona::server
