#include "mac/command_screening.hpp"

#include "mac/error_codes.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace pomona::sim::mac {
namespace {

using schema::obstacle;

/// Apple, "Managing connections": a server may always remove its own enrollment (MDM-CHK-084).
bool removes_enrollment(const mdm::command& c, const device_state& state) {
    const auto* identifier = c.body.string("Identifier");
    const auto* enrollment = state.profiles.enrollment();
    return c.request_type == "RemoveProfile" && identifier != nullptr && enrollment != nullptr &&
           enrollment->content->identifier == *identifier;
}

mdm::error_chain_item unknown_type(const mdm::command& c, std::string_view why) {
    return mac_error(mdm_error_domain, code::unknown_request_type,
                     "The request type \"" + c.request_type + "\" " + std::string{why} + '.');
}

mdm::error_chain_item not_authorised(const mdm::command& c, std::string_view why) {
    return mac_error(mdm_error_domain, code::not_authorised,
                     "The MDM server " + std::string{why} + ' ' + c.request_type + '.');
}

/// Choice: these values are the command's business, not its form's; the answer has a place for what
/// the Mac thinks of them (InvitationResult, RejectionReason, a Status for each item of Settings).
bool is_for_the_handler(const mdm::command& c, const schema::finding& f) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> values{{
        {"InviteToProgram", "ProgramID"},
        {"InstallMedia", "MediaType"},
    }};
    if (f.what != schema::finding::kind::value) {
        return false;
    }
    return (c.request_type == "Settings" && f.path.ends_with("].Item")) ||
           std::ranges::find(values, std::pair<std::string_view, std::string_view>{
                                         c.request_type, f.path}) != values.end();
}

} // namespace

schema::context schema_context(const device_state& state) {
    schema::context c;
    c.os = schema::version::parse(state.box.updates.installed().version);
    c.channel = state.is_user_channel() ? schema::channel::user : schema::channel::device;
    c.enrollment =
        state.user_enrollment ? schema::enrollment_kind::user : schema::enrollment_kind::device;
    c.supervised = state.supervised;
    c.ade = state.by_ade;
    c.user_approved = state.supervised;
    c.rights = state.access_rights;
    c.seed = state.seed_schema;
    return c;
}

std::optional<mdm::error_chain_item> screen_availability(const mdm::command& c,
                                                         const device_state& state) {
    const auto* known = schema::find_command(c.request_type);
    if (known == nullptr) {
        return unknown_type(c, "is not known to this Mac");
    }
    switch (schema::obstacle_of(*known, schema_context(state))) {
    case obstacle::none:
        return std::nullopt;
    case obstacle::too_old:
    case obstacle::gone:
        return unknown_type(c, "is not known to this version of macOS");
    case obstacle::channel: // Derived (MDM-CHK-078): as good as unknown
        return unknown_type(c, state.is_user_channel() ? "is for the device channel"
                                                       : "is for the user channel");
    case obstacle::right:
        return removes_enrollment(c, state)
                   ? std::nullopt
                   : std::optional{not_authorised(c, "has no access right for")};
    case obstacle::supervision:
    case obstacle::user_approval:
        return mac_error(chaperone_error_domain, code::not_supervised,
                         "The Mac is not supervised, which " + c.request_type + " needs.");
    case obstacle::ade: // Choice: the documents name no code
        return not_authorised(c, "did not enroll the Mac by automated device enrollment: no");
    case obstacle::enrollment:
        return not_authorised(c, "manages a user's own Mac: no");
    }
    return std::nullopt;
}

std::optional<std::string> screen_form(const mdm::command& c, const device_state& state) {
    for (const auto& f : schema::validate_command(c.body, schema_context(state))) {
        // Keys that this Mac does not know (yet) are passed over, whatever they hold.
        if (f.is_problem() && f.what != schema::finding::kind::unavailable &&
            !is_for_the_handler(c, f)) {
            return c.request_type + ": " + f.to_string() + '.';
        }
    }
    return std::nullopt;
}

std::optional<mdm::command> without_foreign_keys(const mdm::command& c, const device_state& state) {
    std::optional<mdm::command> out;
    const auto* known = schema::find_command(c.request_type);
    const auto where = schema_context(state);
    for (const auto& key :
         known == nullptr ? std::span<const schema::node>{} : known->root.children()) {
        if (c.body.contains(key.name()) && schema::obstacle_of(key, where) != obstacle::none) {
            out = out ? std::move(out) : c;
            out->body.erase(key.name());
        }
    }
    return out;
}

} // namespace pomona::sim::mac
