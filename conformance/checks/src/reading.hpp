// What several checks read out of a trace: channels of a Mac, commands, profiles, decoded bodies.
#pragma once

#include "pomona/checks/check.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::checks {

/// Choice: how long what is under way (a push, a retry) may still arrive after the message that
/// outdates it.
inline constexpr duration grace = std::chrono::seconds{10};

/// Notes a violation at `where`; the Mac is the event's actor when it is one.
void note(observation& to, const trace::event& where, std::string expected, std::string actual,
          std::initializer_list<const trace::event*> around = {});

/// A status from 200 to 299.
bool is_accepted(const exchange& x);
/// "HTTP 500", "no answer (timeout)", "no answer so far".
std::string answer_text(const exchange& x);

/// Key of the channel that a request belongs to: the Mac, or the Mac and its user.
std::string channel_of(const trace::event& request);
bool is_user_channel(const trace::event& request);
std::string_view message_type(const exchange& x);
inline std::string_view uuid_of(const trace::event& e) {
    return e.summary.text("CommandUUID");
}

/// Check-ins and the command loop of all Macs in the order of their requests.
std::vector<const exchange*> conversation(const trace_view& run);

bool has_key(const trace::event& e, std::string_view key); ///< among the body's top-level keys
const std::vector<std::string>* list_of(const trace::fields& from, std::string_view name);
bool lists(const trace::fields& from, std::string_view name, std::string_view item);

/// The answer's body is meant as a command: a property list with one of a command's two keys.
bool looks_like_command(const trace::event& answer);

/// The body as trace::decode_body shows it; null when there is none to read.
nlohmann::json decoded(const trace_view& run, const trace::event& e);

/// An enrollment profile that a Mac downloaded.
struct fetched_profile {
    const exchange* fetch = nullptr;
    std::string_view server_url, checkin_url; ///< the latter falls back to the former
    bool sign_message = false;
    bool check_out = false;
};
/// Those with an MDM payload, in order.
std::vector<fetched_profile> fetched_profiles(const trace_view& run, std::string_view mac);

/// Whether somebody queued the command of that UUID (again) between two events, by an API the trace
/// shows.
bool is_queued_between(const trace_view& run, std::string_view command_uuid,
                       const trace::event& from, const trace::event& to);

/// Whether the command brought a profile with an MDM payload: a renewal, which may change what is
/// not fixed.
bool renews_enrollment(const trace::event& answer);

/// The Mac left: a CheckOut it sent, or its own word "unenrolled".
bool is_leaving(const trace::event& e);

std::string joined(const std::vector<std::string>& items);

} // namespace pomona::checks
