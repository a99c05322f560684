// Commands, reports and declarations next to Apple's schema.
#include "ddm_reading.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "registry.hpp"
#include "schema_reading.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace pomona::checks {
namespace {

constexpr std::string_view no_mac = "no Mac that told its version";

/// What the operator asked a server for by its API: then it is the operator's, whatever it is.
class operators {
  public:
    explicit operators(const trace_view& run) : run_{run} {
        for (const auto* e : run.events()) {
            if (e->kind == trace::kind::request && e->channel == "api") {
                asked_.push_back(e);
            }
        }
    }

    [[nodiscard]] bool queued(const trace::event& answer, const plist::dict& command) const {
        return std::ranges::any_of(asked_, [&](const trace::event* e) {
            const auto uuid = uuid_of(*e);
            const auto type = e->summary.text("RequestType");
            const bool meant = uuid.empty()
                                   ? type.empty() || type == answer.summary.text("RequestType")
                                   : uuid == uuid_of(answer);
            if (!meant || e->target.find("enqueue") == std::string::npos) {
                // An API that is not known here and names no command may have asked for anything.
                return meant && !uuid.empty();
            }
            const auto body = plist_of(run_, *e);
            const auto* same = body ? body->dictionary("Command") : nullptr;
            return same == nullptr || *same == command;
        });
    }

    [[nodiscard]] bool uploaded(const nlohmann::json& declaration) const {
        return std::ranges::any_of(asked_, [&](const trace::event* e) {
            const auto body = decoded(run_, *e);
            return body.is_object() &&
                   body.value("Type", nlohmann::json{}) == declaration["Type"] &&
                   body.value("Payload", nlohmann::json{}) == declaration["Payload"];
        });
    }

  private:
    const trace_view& run_;
    std::vector<const trace::event*> asked_;
};

/// Whether a Mac has the thing at all is another matter (MDM-CHK-041, -051).
bool is_of_form(const schema::finding& f) {
    return f.what != schema::finding::kind::unavailable &&
           f.what != schema::finding::kind::unknown_name;
}

// Schema mdm/commands. What the operator handed over as it stands is the operator's. A setting that
// is none of macOS is one of another system.
observation commands_are_valid(const trace_view& run) {
    observation out;
    const known_macs macs{run};
    const operators api{run};
    for (const auto& x : run.of_channel("mdm")) {
        if (!x.answered() || !looks_like_command(*x.answer)) {
            continue;
        }
        const auto context = macs.context_of(*x.request);
        const auto body = context ? plist_of(run, *x.answer) : std::nullopt;
        const auto* command = body ? body->dictionary("Command") : nullptr;
        const auto* type = command == nullptr ? nullptr : command->string("RequestType");
        if (type == nullptr || schema::find_command(*type) == nullptr) {
            continue;
        }
        ++out.occasions;
        auto found = macs.proven(*x.request, schema::validate_command(*command, *context),
                                 has_placeholders(run, *x.answer));
        std::erase_if(found, [](const auto& f) {
            return !is_of_form(f) ||
                   (f.what == schema::finding::kind::value && f.path.ends_with("].Item"));
        });
        if (!found.empty() && !api.queued(*x.answer, *command)) {
            note(out, *x.answer, *type + " as macOS " + context->os.to_string() + " has it",
                 text_of(found), {x.request});
        }
    }
    out.reason = std::string{no_mac} + " was given a command of macOS";
    return out;
}

/// The command that each report is about.
class delivered {
  public:
    void see(const exchange& x) {
        if (x.answered() && !uuid_of(*x.answer).empty()) {
            types_[channel_of(*x.request)][std::string{uuid_of(*x.answer)}] = {
                std::string{x.answer->summary.text("RequestType")}, x.answer};
        }
    }
    struct command {
        std::string type;
        const trace::event* delivery = nullptr;
    };
    [[nodiscard]] const command* of(const trace::event& report) const {
        const auto channel = types_.find(channel_of(report));
        if (channel == types_.end()) {
            return nullptr;
        }
        const auto found = channel->second.find(uuid_of(report));
        return found == channel->second.end() ? nullptr : &found->second;
    }

  private:
    std::map<std::string, std::map<std::string, command, std::less<>>, std::less<>> types_;
};

// Schema mdm/commands, responsekeys; around them the envelope (Apple, "Sending MDM commands").
observation reports_are_valid(const trace_view& run) {
    observation out;
    const known_macs macs{run};
    delivered commands;
    for (const auto& x : run.of_channel("mdm")) {
        const auto* command = commands.of(*x.request);
        commands.see(x);
        const auto context = macs.context_of(*x.request);
        const auto body = context ? plist_of(run, *x.request) : std::nullopt;
        if (!body) {
            continue;
        }
        ++out.occasions;
        const auto type = command != nullptr ? command->type
                                             : std::string{x.request->summary.text("RequestType")};
        const auto found = macs.proven(*x.request, schema::validate_report(type, *body, *context),
                                       has_placeholders(run, *x.request));
        if (!found.empty()) {
            note(out, *x.request,
                 "a report" + (type.empty() ? "" : " of " + type) + " as macOS " +
                     context->os.to_string() + " has it",
                 text_of(found), {command == nullptr ? nullptr : command->delivery});
        }
    }
    out.reason = std::string{no_mac} + " sent a report";
    return out;
}

// Derived: a command of the other channel is as good as unknown.
observation foreign_commands_are_errors(const trace_view& run) {
    observation out;
    delivered commands;
    for (const auto& x : run.of_channel("mdm")) {
        const auto* command = commands.of(*x.request);
        commands.see(x);
        const auto* known = command == nullptr ? nullptr : schema::find_command(command->type);
        const auto where = known == nullptr ? schema::channels::inherited : known->root.channel;
        if (where != schema::channels::device && where != schema::channels::user) {
            continue;
        }
        const bool user = is_user_channel(*x.request);
        if (user == (where == schema::channels::user)) {
            continue;
        }
        ++out.occasions;
        if (x.request->summary.text("Status") == "Acknowledged") {
            note(out, *x.request,
                 "Error for " + command->type +
                     (user ? " on a user's channel" : " on the device's"),
                 "Acknowledged", {command->delivery});
        }
    }
    out.reason = "no Mac reported on a command of the other channel";
    return out;
}

/// AccessRights of the profile that the Mac had downloaded last; nullopt when none is known.
std::optional<std::int64_t> rights_before(const trace_view& run, const trace::event& e) {
    const auto renewed = std::ranges::any_of(run.of_mac(e.actor), [&](const trace::event* other) {
        return other->number < e.number && renews_enrollment(*other);
    });
    if (renewed) {
        return std::nullopt;
    }
    std::optional<std::int64_t> out;
    for (const auto& p : fetched_profiles(run, e.actor)) {
        if (p.fetch->answer->number < e.number) {
            out = p.fetch->answer->summary.number("AccessRights");
        }
    }
    return out;
}

/// Commands that were handed to a Mac which cannot have them, for one reason.
observation handed_out_in_vain(const trace_view& run, schema::obstacle reason,
                               bool (*concerns)(const schema::context&)) {
    observation out;
    const known_macs macs{run};
    for (const auto& x : run.of_channel("mdm")) {
        const auto type = x.answered() ? x.answer->summary.text("RequestType") : std::string_view{};
        const auto* known = schema::find_command(type);
        auto context = known == nullptr ? std::nullopt : macs.context_of(*x.request);
        if (!context) {
            continue;
        }
        context->os = macs.newest_of(x.request->actor);
        context->rights = rights_before(run, *x.request);
        if (!concerns(*context)) {
            continue;
        }
        ++out.occasions;
        // Apple, "Managing connections": the enrollment's own profile may be removed by any server.
        const bool may_be_own = reason == schema::obstacle::right && type == "RemoveProfile";
        if (!may_be_own && schema::obstacle_of(*known, *context) == reason) {
            note(out, *x.answer, "no command that the Mac cannot have",
                 std::string{type} + ", which " + std::string{schema::to_text(reason)},
                 {x.request});
        }
    }
    return out;
}

observation user_enrollment_is_heeded(const trace_view& run) {
    auto out = handed_out_in_vain(run, schema::obstacle::enrollment, [](const auto& c) {
        return c.enrollment == schema::enrollment_kind::user;
    });
    out.reason = std::string{no_mac} + " is in user enrollment and was given a command";
    return out;
}

observation rights_are_heeded(const trace_view& run) {
    auto out = handed_out_in_vain(run, schema::obstacle::right,
                                  [](const auto& c) { return c.rights.has_value(); });
    out.reason = std::string{no_mac} + " and whose AccessRights are known was given a command";
    return out;
}

observation versions_are_heeded(const trace_view& run) {
    auto out = handed_out_in_vain(run, schema::obstacle::too_old, [](const auto&) { return true; });
    out.reason = std::string{no_mac} + " was given a command";
    return out;
}

// Schema declarative/declarations, by the declaration's Type. One that the operator uploaded is the
// operator's.
observation declarations_are_valid(const trace_view& run) {
    observation out;
    const known_macs macs{run};
    const operators api{run};
    for (const auto* x : answered_syncs(run, ddm_target::declaration)) {
        const auto context = macs.context_of(*x->request);
        const auto body = context ? decoded(run, *x->answer) : nlohmann::json{};
        if (!body.is_object() || !body.contains("Type") || !body.contains("Payload") ||
            !body["Type"].is_string() ||
            schema::find(schema::area::declaration, body["Type"].get<std::string>()) == nullptr) {
            continue;
        }
        ++out.occasions;
        auto found = macs.proven(*x->request, schema::validate_declaration(body, *context),
                                 has_placeholders(run, *x->answer));
        std::erase_if(found, [](const auto& f) { return !is_of_form(f); });
        if (!found.empty() && !api.uploaded(body)) {
            note(out, *x->answer,
                 body["Type"].get<std::string>() + " as macOS " + context->os.to_string() +
                     " has it",
                 text_of(found), {x->request});
        }
    }
    out.reason = std::string{no_mac} + " fetched a declaration of a known type";
    return out;
}

} // namespace

void add_schema_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto commands = "mdm/commands, releases of macOS 15 and 26 (protocol/schema)";
    to.push_back({"MDM-CHK-043",
                  "Commands that user enrollment forbids are not sent to a Mac in it.",
                  must,
                  basis::derived,
                  "derived from mdm/commands, userenrollment",
                  subject::server,
                  {},
                  user_enrollment_is_heeded});
    to.push_back({"MDM-CHK-044",
                  "Commands that need a right which AccessRights lacks are not sent.",
                  should,
                  basis::derived,
                  "derived from mdm/commands, accessrights",
                  subject::server,
                  {},
                  rights_are_heeded});
    to.push_back({"MDM-CHK-051",
                  "Commands newer than the Mac's OSVersion are not sent.",
                  should,
                  basis::derived,
                  "derived from mdm/commands, introduced",
                  subject::server,
                  {},
                  versions_are_heeded});
    to.push_back({"MDM-CHK-050",
                  "Commands have the keys, types and values that the schema gives them for the "
                  "Mac's version.",
                  must,
                  basis::schema,
                  commands,
                  subject::server,
                  {},
                  commands_are_valid});
    to.push_back({"MDM-CHK-075",
                  "Reports have the keys, types and values that the schema gives them for the "
                  "Mac's version.",
                  must,
                  basis::schema,
                  commands,
                  subject::device,
                  {},
                  reports_are_valid});
    to.push_back({"MDM-CHK-078",
                  "A command of the other channel is answered Error.",
                  must,
                  basis::derived,
                  "derived from the channels of mdm/commands",
                  subject::device,
                  {},
                  foreign_commands_are_errors});
    to.push_back({"DDM-014",
                  "Declarations have the keys, types and values that the schema gives their Type.",
                  must,
                  basis::schema,
                  "declarative/declarations, releases of macOS 15 and 26 (protocol/schema)",
                  subject::server,
                  {},
                  declarations_are_valid});
}

} // namespace pomona::checks
