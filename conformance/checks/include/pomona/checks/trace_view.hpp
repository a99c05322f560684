// A trace prepared for checks: exchanges put together, indexed per Mac. Only what Macs, emulators
// or a proxy recorded.
#pragma once

#include "pomona/trace/event.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::checks {

/// One request and its answer, as one end recorded them.
struct exchange {
    const trace::event* request = nullptr;
    const trace::event* answer = nullptr; ///< kind response or failure; null while open
    [[nodiscard]] bool answered() const {
        return answer != nullptr && answer->kind == trace::kind::response;
    }
};

class trace_view {
  public:
    using body_source = std::function<std::optional<bytes>(const trace::body_ref&)>;
    /// Keeps pointers into `events`: they must outlive the view. Works on any container of events
    /// with stable addresses.
    trace_view(std::vector<const trace::event*> events, body_source bodies);

    [[nodiscard]] const std::vector<const trace::event*>& events() const { return events_; }
    /// Client-side exchanges of Macs on one channel ("enroll", "scep", "checkin", "mdm"), in order.
    [[nodiscard]] const std::vector<exchange>& of_channel(std::string_view channel) const;
    /// What the push service saw of providers (server end of channel "apns").
    [[nodiscard]] const std::vector<exchange>& pushes() const;
    /// Names of the Macs that acted, in order of first appearance.
    [[nodiscard]] const std::vector<std::string>& macs() const { return macs_; }
    /// A Mac's events in order.
    [[nodiscard]] const std::vector<const trace::event*>& of_mac(std::string_view mac) const;
    [[nodiscard]] std::optional<bytes> body(const trace::event& e) const;
    /// The actor "mac-…" behind a push token (hex, lower case); empty when unknown.
    [[nodiscard]] std::string mac_of_token(std::string_view token_hex) const;

    /// The same run as far as a Mac's peers can answer for it: an answer that Pomona put in the
    /// place of theirs, or gave to a request it had altered, is an exchange without an answer. The
    /// same view when no fault did so.
    [[nodiscard]] const trace_view& of_peers() const { return peers_ ? *peers_ : *this; }

  private:
    void build();
    void build_peers();

    std::vector<const trace::event*> events_;
    body_source bodies_;
    std::map<std::string, std::vector<exchange>, std::less<>> channels_;
    std::vector<exchange> pushes_;
    std::vector<std::string> macs_;
    std::map<std::string, std::vector<const trace::event*>, std::less<>> by_mac_;
    std::map<std::string, std::string, std::less<>> token_owner_;
    std::shared_ptr<const trace_view> peers_;
    std::deque<trace::event> excused_; ///< in a view of peers: what stands where an answer was
};

} // namespace pomona::checks
