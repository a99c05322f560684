// The trace as each Mac's own sequence of events, kept up as events are recorded.
#pragma once

#include "pomona/scenario/scenario.hpp"
#include "pomona/trace/recorder.hpp"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace pomona::scenario {

class mac_log {
  public:
    explicit mac_log(const trace::recorder& recorder) : recorder_{&recorder} {}

    /// From now on what Apple's services see of each Mac is among its events. By the Macs' names:
    /// their serial numbers.
    void follow_apple(std::map<std::string, std::string> serials) { serials_ = std::move(serials); }
    /// Takes up what was recorded since the last call.
    void pump();
    /// A Mac's events so far, in order.
    [[nodiscard]] const std::vector<const trace::event*>& of(const std::string& mac);
    [[nodiscard]] std::uint64_t last_number() const { return next_; }
    /// RequestType of a delivered command; empty when unknown. Some devices do not echo it in their
    /// results.
    [[nodiscard]] std::string_view request_type(std::string_view command_uuid) const;
    /// Numbers of requests that the answer of `exchange` belongs to, for "http response to".
    [[nodiscard]] const trace::event* request_of(const trace::event& answer) const;
    /// Has a Mac, or their link to the push service, met a refused connection since the last call?
    bool take_refusal();

  private:
    void note_apple(const trace::event& e);
    void add(const std::string& mac, const trace::event& e);

    const trace::recorder* recorder_;
    std::uint64_t next_ = 0; ///< events taken up
    std::map<std::string, std::vector<const trace::event*>, std::less<>> by_mac_;
    std::map<std::string, std::string, std::less<>> command_types_;
    std::map<std::string, const trace::event*, std::less<>> open_requests_;
    bool refused_ = false;
    std::map<std::string, std::string> serials_; ///< by Mac; empty: Apple's services do not matter
    std::map<std::string, std::string> tokens_;  ///< whose a push token is
    std::map<std::string, std::vector<std::string>, std::less<>> apple_; ///< Macs of an exchange
};

/// Is `e`, recorded by a Mac, the message that `m` names? `name` is m.name with its variables
/// replaced.
bool is_message(const message& m, std::string_view name, const trace::event& e, const mac_log& log);

/// One line about an event for messages: "ProfileList Error (#412)".
std::string describe(const trace::event& e);

} // namespace pomona::scenario
