// Does a message look as Apple's schema says, for a Mac of this version, on this channel, enrolled
// this way?
#pragma once

#include "pomona/protocol/plist/value.hpp"
#include "pomona/protocol/schema/tables.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::schema {

enum class channel : std::uint8_t { device, user };
enum class enrollment_kind : std::uint8_t { device, user };

/// Whom a message is for. What is not known is not judged.
struct context {
    version os; ///< not stated: versions are not judged
    std::optional<schema::channel> channel = std::nullopt;
    std::optional<enrollment_kind> enrollment = std::nullopt;
    std::optional<bool> supervised = std::nullopt;
    std::optional<bool> ade = std::nullopt; ///< enrolled by automated device enrollment
    std::optional<bool> user_approved = std::nullopt;
    std::optional<std::int64_t> rights =
        std::nullopt; ///< AccessRights; not asked in user enrollment
    /// The release that is known from its seed only exists.
    bool seed = false;
};

/// Why something is not there for a Mac.
enum class obstacle : std::uint8_t {
    none,
    too_old, ///< the Mac's system, for what came later
    gone,    ///< removed in the Mac's system or before
    channel,
    right,
    supervision,
    ade,
    user_approval,
    enrollment ///< user enrollment has it not, or alone has it
};
std::string_view to_text(obstacle o);
/// What keeps a Mac from `n`, by its own marks (not those around it).
obstacle obstacle_of(const node& n, const context& c);
inline obstacle obstacle_of(const entry& e, const context& c) {
    return obstacle_of(e.root, c);
}
/// Deprecated for this Mac.
bool is_deprecated(const node& n, const context& c);

struct finding {
    enum class kind : std::uint8_t {
        unknown_name,  ///< no such command, message, declaration type, …
        unknown_key,   ///< a note: a reader ignores it
        unknown_value, ///< a note: a text that is not listed where a reader leaves such ones out
        missing,
        type,
        value,  ///< not one of the allowed ones
        range,  ///< a number out of bounds
        format, ///< a text or data of another form or length
        repetition,
        unavailable, ///< see `why`
        deprecated   ///< a note
    };
    kind what{};
    obstacle why = obstacle::none;
    /// It would be left out, not refused (a query that the Mac does not know).
    bool is_left_out = false;
    std::string path;   ///< "Settings[0].Enabled"; empty: the message as a whole
    std::string detail; ///< "is a string, not a boolean"
    /// The release that decided: from which the thing is there, or gone.
    version release;

    /// Not just a note.
    [[nodiscard]] bool is_problem() const {
        return what != kind::unknown_key && what != kind::unknown_value &&
               what != kind::deprecated && !is_left_out;
    }
    [[nodiscard]] std::string to_string() const; ///< one sentence without full stop
};
std::string_view to_text(finding::kind k);
using findings = std::vector<finding>;
/// The first that is more than a note; null when there is none.
const finding* first_problem(const findings& all);

/// The Command dictionary of a server. First what keeps the Mac from the command as a whole, then
/// its keys, in the order of the message and then the missing ones.
findings validate_command(const plist::dict& command, const context& c);
/// What a Mac reports for a command that it acknowledged: the envelope (identifiers, Status) and
/// the answer's keys. Of other reports the envelope alone. `request_type`: of the command.
findings validate_report(std::string_view request_type, const plist::dict& report,
                         const context& c);
/// The answer's keys alone.
findings validate_answer(std::string_view request_type, const plist::dict& answer,
                         const context& c);
/// A check-in message, MessageType included.
findings validate_checkin(const plist::dict& message, const context& c);
/// The server's answer to a check-in message that has one.
findings validate_checkin_answer(std::string_view message_type, const plist::dict& answer,
                                 const context& c);
/// One payload of a profile by its PayloadType. Of a type with several forms the one that fits best
/// counts. Keys that every payload has (PayloadUUID, …) are known. Types that are not in the tables
/// are no finding: profiles may carry any preference domain.
findings validate_payload(std::string_view type, const plist::dict& payload, const context& c);
/// A declaration: Type, Identifier, ServerToken and Payload by its type.
findings validate_declaration(const nlohmann::json& declaration, const context& c);
/// The Payload alone.
findings validate_declaration_payload(std::string_view type, const nlohmann::json& payload,
                                      const context& c);
/// A status item by its dotted name, with the value as it stands below the last part of the name.
findings validate_status_item(std::string_view name, const nlohmann::json& value, const context& c);
/// StatusItems of a status report: every item in it by the longest name that the tables know;
/// what lies beyond all names is a note.
findings validate_status_items(const nlohmann::json& items, const context& c);
/// Any entry's keys in a property list: error documents, envelopes, MachineInfo.
findings validate_keys(const entry& e, const plist::dict& content, const context& c);
/// The same in JSON, where data is base64 and a date text.
findings validate_keys(const entry& e, const nlohmann::json& content, const context& c);

} // namespace pomona::schema
