// One event of a run: what the trace is made of and what the checks read.
#pragma once

#include "pomona/foundation/time.hpp"
#include "pomona/net/http.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pomona::trace {

using field_value = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

/// Named values in a fixed order: decoded summaries and facts.
class fields {
  public:
    fields() = default;
    fields(std::initializer_list<std::pair<std::string, field_value>> items) : items_{items} {}
    /// Replaces, or appends.
    void set(std::string name, field_value value);
    [[nodiscard]] const field_value* find(std::string_view name) const;
    /// The text of a string field; empty when absent or of another kind.
    [[nodiscard]] std::string_view text(std::string_view name) const;
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const;
    [[nodiscard]] std::optional<bool> flag(std::string_view name) const;
    [[nodiscard]] bool empty() const { return items_.empty(); }
    [[nodiscard]] auto begin() const { return items_.begin(); }
    [[nodiscard]] auto end() const { return items_.end(); }
    bool operator==(const fields&) const = default;

  private:
    std::vector<std::pair<std::string, field_value>> items_;
};

enum class kind {
    request,  ///< a message on its way to a server: sent (client end) or received (server end)
    response, ///< its answer
    failure,  ///< no answer: refused, tls_alert, timeout, reset
    message,  ///< one message of a stream (a delivered push)
    state,    ///< a Mac, or an emulated service, changed: "enrolled", "unenrolled",
              ///< "profile-installed", …
    step,     ///< a scenario step began or ended
    fact,     ///< something about an earlier event (`cause`) that needed exact bytes or keys
    fault     ///< an injected fault took effect
};
std::string_view to_text(kind k);
std::optional<kind> parse_kind(std::string_view text);

/// Which end of an exchange recorded it.
enum class end { client, server };

struct body_ref {
    std::string sha256;     ///< hex, of the stored (redacted) bytes: the file's name in bodies/
    std::uint64_t size = 0; ///< of the body on the wire
    bool redacted = false;
    bool operator==(const body_ref&) const = default;
};

struct event {
    std::uint64_t number = 0; ///< from 1, without gaps, in the order of recording
    time_point time;          ///< world time
    std::string actor; ///< who recorded it: "mac-0001", "server", "apns", "operator", "runner"
    std::string peer;  ///< the other end: "host:port", or an actor's name where it is known
    std::string channel;
    std::string user;     ///< UserID (EnrollmentUserID) of the user channel it belongs to; empty:
                          ///< the device's, or no matter of MDM
    std::string exchange; ///< equal at both ends of one exchange; empty for state, step
    trace::kind kind{};
    std::uint64_t cause = 0;      ///< number of the event that led to this one; 0: none
    std::optional<trace::end> at; ///< request, response, failure, message
    // HTTP
    std::string method, target;
    unsigned status = 0;
    net::headers headers; ///< redacted
    std::optional<body_ref> body;
    // TLS
    std::string tls_version, alpn;
    std::string client_certificate; ///< SHA-256 of the DER, hex; what the client presented
    // failure
    std::string failure; ///< "refused", "tls_alert", "timeout", "reset"
    bool after_send = false;
    std::string detail;
    // what it means
    std::string name; ///< state, step, fault and fact: which one
    fields summary;   ///< decoded: MessageType, CommandUUID, RequestType, Status, Endpoint, UDID,
                      ///< Topic, Token, PushMagic, …
    fields facts;     ///< computed at capture: signature, signer_certificate, …
    std::string step; ///< "file:line" of the scenario step in force; empty outside
    bool operator==(const event&) const = default;
};

} // namespace pomona::trace
