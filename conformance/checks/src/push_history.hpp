// Which token and magic each channel had announced at the time of a push.
#pragma once

#include "reading.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::checks {

struct announcement {
    const exchange* token_update = nullptr;
    std::string_view token, magic, topic; ///< of the trace's events
};

/// A push and what its receiver had announced so far.
struct judged_push {
    const exchange* push = nullptr;
    std::string channel; ///< "mac-0001" or "mac-0001/<user>"
    std::string mac;
    /// All announcements of the channel before the push.
    std::vector<const announcement*> before;
    /// Those a server may still use: the newest one that was accepted well before the push, and all
    /// after it. While none was, all of them.
    std::vector<const announcement*> current;
    /// False: what the Mac announced before the trace began may still be in use; other values prove
    /// nothing.
    bool is_settled = false;

    [[nodiscard]] bool token_is_current() const;
    [[nodiscard]] bool pair_is_current() const; ///< token and magic of one announcement
};

class push_history {
  public:
    explicit push_history(const trace_view& run);

    /// Pushes whose token a Mac of this trace had announced before.
    [[nodiscard]] const std::vector<judged_push>& known() const { return known_; }
    /// Pushes to a token that no Mac of the trace ever announced.
    [[nodiscard]] const std::vector<const exchange*>& unknown() const { return unknown_; }
    /// The announced token that an unknown one was made of: cut, longer, or encoded once more.
    /// Empty: it may well be of a Mac that enrolled before the run.
    [[nodiscard]] std::string mangled_from(std::string_view token) const;

  private:
    std::map<std::string, std::vector<announcement>, std::less<>> announced_; // by channel
    std::map<std::string, std::string, std::less<>> owner_;
    std::vector<judged_push> known_;
    std::vector<const exchange*> unknown_;
};

/// A request of the provider API's one call.
bool is_push(const exchange& x);

} // namespace pomona::checks
