// What was pushed lately: for people who look at a running service.
#pragma once

#include "apns/judge.hpp"
#include "pomona/sim/apns/fault.hpp"

#include <deque>

namespace pomona::sim::apns {

struct push_entry {
    time_point at;
    std::string id;
    std::optional<push_token> token;
    topic for_topic;
    std::optional<pomona::apns::reason> refused;
    std::optional<fault> disturbed{}; ///< by this fault
    bool delivered = false;           ///< to a connected device; false with 200: stored, or dropped
};

class push_log {
  public:
    static constexpr std::size_t most = 1000;
    void add(push_entry one) {
        if (entries_.size() == most) {
            entries_.pop_front();
        }
        entries_.push_back(std::move(one));
    }
    [[nodiscard]] const std::deque<push_entry>& entries() const { return entries_; }

  private:
    std::deque<push_entry> entries_;
};

} // namespace pomona::sim::apns
