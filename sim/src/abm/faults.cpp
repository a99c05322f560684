#include "abm/faults.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::abm {
namespace {

struct named {
    fault what;
    std::string_view name;
    std::string_view about;
};
constexpr std::array<named, 19> names{{
    {fault::server_error, "server-error", "500 Internal Server Error"},
    {fault::unavailable, "unavailable", "503 with Retry-After"},
    {fault::too_many_requests, "too-many-requests", "429 TOO_MANY_REQUESTS with Retry-After"},
    {fault::unauthorized, "unauthorized", "401: the session is over"},
    {fault::forbidden, "forbidden", "403 FORBIDDEN: the session is not known any more"},
    {fault::access_denied, "access-denied", "403 ACCESS_DENIED"},
    {fault::terms_not_signed, "terms-not-signed", "403 T_C_NOT_SIGNED"},
    {fault::invalid_cursor, "invalid-cursor", "400 INVALID_CURSOR where a cursor is sent"},
    {fault::expired_cursor, "expired-cursor", "400 EXPIRED_CURSOR where a cursor is sent"},
    {fault::exhausted_cursor, "exhausted-cursor", "400 EXHAUSTED_CURSOR where a cursor is sent"},
    {fault::token_rejected, "token-rejected", "403 token_rejected where a session is asked for"},
    {fault::malformed_json, "malformed-json", "200 with JSON that breaks off"},
    {fault::repeated_cursor, "repeated-cursor",
     "a page with the cursor that was sent, and more_to_follow"},
    {fault::missing_fields, "missing-fields", "devices without model, family and dates"},
    {fault::extra_fields, "extra-fields", "devices with keys and values nobody knows"},
    {fault::shuffled_page, "shuffled-page", "the devices of a page in reverse order"},
    {fault::new_session, "new-session", "an answer that moves the session to another token"},
    {fault::throttled, "throttled", "every device of an assignment is THROTTLED"},
    {fault::failed, "failed", "every device of a request is FAILED, and nothing is done"},
}};

const named& entry(fault f) {
    return *std::ranges::find(names, f, &named::what);
}

bool sends_cursor(std::string_view path) {
    return path == "/server/devices" || path == "/devices/sync";
}

/// Of the kind that replaces an answer, and possible for this path.
bool refuses(fault f, std::string_view path) {
    switch (f) {
    case fault::invalid_cursor:
    case fault::expired_cursor:
    case fault::exhausted_cursor:
        return sends_cursor(path);
    case fault::token_rejected:
        return path == "/session";
    default:
        return f <= fault::malformed_json;
    }
}

bool is_for(const fault_order& o, std::string_view server, std::string_view path) {
    return (o.server.empty() || o.server == server) && (o.path.empty() || o.path == path);
}

} // namespace

std::string_view to_text(fault f) {
    return entry(f).name;
}

std::optional<fault> find_fault(std::string_view name) {
    const auto* found = std::ranges::find(names, name, &named::name);
    return found == names.end() ? std::nullopt : std::optional{found->what};
}

std::string_view about(fault f) {
    return entry(f).about;
}

std::span<const fault> all_faults() {
    static constexpr auto all = [] {
        std::array<fault, names.size()> out{};
        std::ranges::transform(names, out.begin(), &named::what);
        return out;
    }();
    return all;
}

bool fault_list::spend(std::vector<fault_order>::iterator at) {
    if (--at->times == 0) {
        orders_.erase(at);
    }
    return true;
}

bool fault_list::take(fault kind, std::string_view server, std::string_view path) {
    const auto found = std::ranges::find_if(
        orders_, [&](const fault_order& o) { return o.what == kind && is_for(o, server, path); });
    return found != orders_.end() && spend(found);
}

std::optional<fault_order> fault_list::take_refusal(std::string_view server,
                                                    std::string_view path) {
    const auto found = std::ranges::find_if(orders_, [&](const fault_order& o) {
        return refuses(o.what, path) && is_for(o, server, path);
    });
    if (found == orders_.end()) {
        return std::nullopt;
    }
    auto out = *found;
    spend(found);
    return out;
}

} // namespace pomona::sim::abm
