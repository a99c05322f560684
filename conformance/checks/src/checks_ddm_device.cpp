// Declarative management as a Mac carries it out.
#include "ddm_reading.hpp"
#include "reading.hpp"
#include "registry.hpp"
#include "schema_reading.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace pomona::checks {
namespace {

constexpr std::string_view no_ddm = "no Mac of this run was seen from its enrollment on and used "
                                    "declarative management";

/// What is known of one channel since its Mac enrolled in this trace.
struct channel_state {
    const exchange* switched_on = nullptr; ///< the first command
    bool with_data = false;
    std::size_t commands = 0;
    std::size_t syncs = 0, reports = 0; ///< check-ins since then
};

/// Walks the conversations of Macs that enrolled in the trace, so that nothing came before it.
/// `see` gets each DeclarativeManagement check-in and its channel's state before it.
template <class F>
void walk(const trace_view& run, F see) {
    std::map<std::string, std::map<std::string, channel_state, std::less<>>, std::less<>> macs;
    std::map<std::string, bool, std::less<>> is_whole; // from the enrollment on
    for (const auto* x : conversation(run)) {
        const auto& mac = x->request->actor;
        const auto type = message_type(*x);
        if (const auto first = is_whole.try_emplace(mac, type == "Authenticate");
            !first.first->second) {
            continue;
        }
        if (type == "CheckOut") {
            macs.erase(mac); // all of it is forgotten (Apple, "Integrating declarative management")
            continue;
        }
        auto& s = macs[mac][channel_of(*x->request)];
        if (const auto target = target_of(*x); target != ddm_target::none) {
            see(*x, target, s);
            s.reports += target == ddm_target::status ? 1 : 0;
            s.syncs += target == ddm_target::status ? 0 : 1;
        }
        s.commands += switches_on(*x) ? 1 : 0;
        if (switches_on(*x) && s.switched_on == nullptr) {
            const auto doc = decoded(run, *x->answer);
            s.switched_on = x;
            s.with_data = !doc.is_object() || !trace_path(doc, "Command.Data").is_null();
        }
    }
}

// Apple, "Integrating declarative management": the command switches it on, on its channel.
observation nothing_before_the_command(const trace_view& run) {
    observation out;
    walk(run, [&](const exchange& x, ddm_target, const channel_state& s) {
        ++out.occasions;
        if (s.switched_on == nullptr) {
            note(out, *x.request, "no DeclarativeManagement before the command",
                 std::string{x.request->summary.text("Endpoint")});
        }
    });
    out.reason = no_ddm;
    return out;
}

// Apple, "Integrating declarative management": without Data the device asks for the tokens. Judged
// for the first command, before which no synchronisation can be under way, and only until a second
// one came: a Mac that could not reach the server after the first follows the second.
observation tokens_come_first(const trace_view& run) {
    observation out;
    walk(run, [&](const exchange& x, ddm_target target, const channel_state& s) {
        if (s.switched_on == nullptr || s.with_data || s.syncs != 0 || s.commands != 1 ||
            target == ddm_target::status) {
            return;
        }
        ++out.occasions;
        if (target != ddm_target::tokens) {
            note(out, *x.request, "tokens, as the command had no Data",
                 std::string{x.request->summary.text("Endpoint")}, {s.switched_on->answer});
        }
    });
    out.reason = "no Mac was switched on without Data";
    return out;
}

// Apple, "StatusReport" and schema status management.*: what the client can do, and its
// declarations, are reported when it is switched on.
observation first_report_has_basics(const trace_view& run) {
    observation out;
    walk(run, [&](const exchange& x, ddm_target target, const channel_state& s) {
        if (s.switched_on == nullptr || target != ddm_target::status || s.reports != 0) {
            return;
        }
        ++out.occasions;
        std::vector<std::string> missing;
        for (const auto* item : {"management.client-capabilities", "management.declarations"}) {
            if (!lists(x.request->summary, "status.items", item)) {
                missing.emplace_back(item);
            }
        }
        if (!missing.empty()) {
            note(out, *x.request, "client-capabilities and declarations in the first report",
                 "missing: " + joined(missing), {s.switched_on->answer});
        }
    });
    out.reason = "no Mac reported for the first time";
    return out;
}

// Schema declarative/protocol/statusreport.yaml: StatusItems and Errors are required. Schema
// declarative/status: the items that it knows have the types and values it gives them.
observation report_has_required_keys(const trace_view& run) {
    observation out;
    const known_macs macs{run};
    for (const auto& x : run.of_channel("checkin")) {
        if (target_of(x) != ddm_target::status) {
            continue;
        }
        ++out.occasions;
        const auto& s = x.request->summary;
        if (list_of(s, "status.items") == nullptr) {
            note(out, *x.request, "JSON with StatusItems",
                 s.flag("malformed_data").value_or(false) ? "no JSON" : "no StatusItems");
        } else if (!s.number("status.errors")) {
            note(out, *x.request, "the array Errors", "none");
        } else if (const auto context = macs.context_of(*x.request)) {
            const auto items = trace_path(decoded(run, *x.request), "Data.StatusItems");
            const auto found =
                items.is_null()
                    ? schema::findings{}
                    : macs.proven(*x.request, schema::validate_status_items(items, *context),
                                  has_placeholders(run, *x.request));
            if (!found.empty()) {
                note(out, *x.request,
                     "status items as macOS " + context->os.to_string() + " has them",
                     text_of(found));
            }
        }
    }
    out.reason = "no Mac sent a status report";
    return out;
}

/// Calls `see` with each status report that is kept as JSON.
template <class F>
void each_report(const trace_view& run, F see) {
    for (const auto& x : run.of_channel("checkin")) {
        if (target_of(x) != ddm_target::status) {
            continue;
        }
        if (const auto report = trace_path(decoded(run, *x.request), "Data");
            report.is_object() && report.contains("$decoded")) {
            see(x, report["$decoded"]);
        }
    }
}

// Apple, "Leveraging the declarative management data model": management declarations take no part
// in activation.
observation management_is_never_active(const trace_view& run) {
    observation out;
    each_report(run, [&](const exchange& x, const nlohmann::json& report) {
        const auto list = trace_path(report, "StatusItems.management.declarations.management");
        for (const auto& one : list.is_array() ? list : nlohmann::json::array()) {
            ++out.occasions;
            if (trace_path(one, "active") == true) {
                note(out, *x.request, "active false for a management declaration",
                     "active true for " + trace_path(one, "identifier").dump());
            }
        }
    });
    out.reason = "no Mac reported a management declaration";
    return out;
}

/// The first of `names` that `of` has; empty: none.
std::string first_key(const nlohmann::json& of, std::initializer_list<const char*> names) {
    for (const auto* name : names) {
        if (of.is_object() && of.contains(name)) {
            return name;
        }
    }
    return {};
}

// Schema status/management.declarations and protocol/statusreport: two spellings of one thing.
observation reasons_are_spelt_by_place(const trace_view& run) {
    observation out;
    const auto look = [&](const exchange& x, const nlohmann::json& reasons, std::string where,
                          std::initializer_list<const char*> wrong) {
        for (const auto& one : reasons.is_array() ? reasons : nlohmann::json::array()) {
            ++out.occasions;
            if (const auto key = first_key(one, wrong); !key.empty()) {
                note(out, *x.request, "the keys of reasons as they are spelt in " + where,
                     "the key " + key);
            }
        }
    };
    each_report(run, [&](const exchange& x, const nlohmann::json& report) {
        for (const auto* kind : {"activations", "configurations", "assets", "management"}) {
            const auto list =
                trace_path(report, "StatusItems.management.declarations." + std::string{kind});
            for (const auto& one : list.is_array() ? list : nlohmann::json::array()) {
                look(x, trace_path(one, "reasons"), "management.declarations",
                     {"Code", "Description", "Details"});
            }
        }
        const auto errors = trace_path(report, "Errors");
        for (const auto& one : errors.is_array() ? errors : nlohmann::json::array()) {
            look(x, trace_path(one, "Reasons"), "Errors", {"code", "description", "details"});
        }
    });
    out.reason = "no Mac reported a reason";
    return out;
}

} // namespace

void add_ddm_device_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto device = subject::device;
    constexpr std::string_view integrating = "Apple, \"Integrating declarative management\"";
    to.push_back({"DDM-034",
                  "No DeclarativeManagement check-in before the command.",
                  must,
                  basis::documented,
                  integrating,
                  device,
                  {},
                  nothing_before_the_command});
    to.push_back({"DDM-035",
                  "After the first command without Data the Mac asks for tokens.",
                  must,
                  basis::documented,
                  integrating,
                  device,
                  {},
                  tokens_come_first});
    to.push_back({"DDM-040",
                  "The first report has client-capabilities and declarations.",
                  must,
                  basis::documented,
                  "Apple, \"StatusReport\"",
                  device,
                  {},
                  first_report_has_basics});
    to.push_back(
        {"DDM-041",
         "A status report has StatusItems and Errors, and its items are as the schema has them.",
         must,
         basis::schema,
         "declarative/protocol/statusreport.yaml, release 2024-10-21 (macOS 15.1)",
         device,
         {},
         report_has_required_keys});
    to.push_back({"DDM-060",
                  "Management declarations are never active.",
                  must,
                  basis::documented,
                  "Apple, \"Leveraging the declarative management data model\"",
                  device,
                  {},
                  management_is_never_active});
    to.push_back({"DDM-062",
                  "Reasons have capital keys in Errors and small ones in management.declarations.",
                  must,
                  basis::schema,
                  "declarative/protocol/statusreport.yaml and declarative/status/"
                  "management.declarations.yaml, release 2024-10-21 (macOS 15.1)",
                  device,
                  {},
                  reasons_are_spelt_by_place});
}

} // namespace pomona::checks
