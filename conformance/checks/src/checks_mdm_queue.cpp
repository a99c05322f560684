// What leaves a server's queue and what comes back: the statuses of a command.
#include "reading.hpp"
#include "registry.hpp"

#include <map>

namespace pomona::checks {
namespace {

/// Looks for commands handed out again after a report that ended them. A report counts once it was
/// accepted; one whose answer was lost may be repeated, and the command be offered again.
observation ended_command_stays_away(const trace_view& run, std::string_view status) {
    observation out;
    struct ended {
        const exchange* report = nullptr;
    };
    std::map<std::string, std::map<std::string, ended, std::less<>>, std::less<>> by_mac;
    for (const auto* x : conversation(run)) {
        if (message_type(*x) == "Authenticate") {
            by_mac.erase(x->request->actor); // a new enrollment, a new queue
            continue;
        }
        if (x->request->channel != "mdm") {
            continue;
        }
        auto& done = by_mac[x->request->actor];
        const auto channel = channel_of(*x->request) + ' ';
        const std::string reported{uuid_of(*x->request)};
        if (x->request->summary.text("Status") == status && is_accepted(*x) && !reported.empty()) {
            ++out.occasions;
            done.try_emplace(channel + reported, ended{x});
        }
        const std::string offered{x->answered() ? uuid_of(*x->answer) : std::string_view{}};
        const auto found = done.find(channel + offered);
        if (offered.empty() || found == done.end()) {
            continue;
        }
        const auto& report = *found->second.report;
        // A request under way while the report was answered may still have got it.
        const bool after = x == &report || x->request->number > report.answer->number;
        if (after && !is_queued_between(run, offered, *report.request, *x->answer)) {
            note(out, *x->answer, "no more of the command after " + std::string{status},
                 "command " + offered + " once more", {report.request, x->request});
        }
    }
    out.reason = "no command was reported " + std::string{status};
    return out;
}

// Apple, "Sending MDM commands": a command stays in the queue until its result arrives.
observation acknowledged_is_over(const trace_view& run) {
    return ended_command_stays_away(run, "Acknowledged");
}

// Apple, "Handling errors": the device has given up on the command.
observation failed_is_over(const trace_view& run) {
    return ended_command_stays_away(run, "Error");
}

// Derived: a command that cannot be read does not get better by being repeated.
observation malformed_is_over(const trace_view& run) {
    return ended_command_stays_away(run, "CommandFormatError");
}

// Apple, "Handling NotNow status responses": not again at once, it would loop.
observation refused_is_not_next(const trace_view& run) {
    observation out;
    for (const auto& x : run.of_channel("mdm")) {
        if (x.request->summary.text("Status") != "NotNow" || !is_accepted(x)) {
            continue;
        }
        ++out.occasions;
        const auto refused = uuid_of(*x.request);
        if (!refused.empty() && uuid_of(*x.answer) == refused) {
            note(out, *x.answer, "another command, or none", "command " + std::string{refused},
                 {x.request});
        }
    }
    out.reason = "no Mac answered NotNow";
    return out;
}

} // namespace

void add_mdm_queue_checks(std::vector<check>& to) {
    using enum level;
    constexpr auto server = subject::server;
    to.push_back({"MDM-CHK-009",
                  "An acknowledged command is not offered again.",
                  must,
                  basis::documented,
                  "Apple, \"Sending MDM commands to a device\"",
                  server,
                  {},
                  acknowledged_is_over});
    to.push_back({"MDM-CHK-010",
                  "A command answered with Error is not offered again.",
                  must,
                  basis::documented,
                  "Apple, \"Sending MDM commands to a device\"",
                  server,
                  {},
                  failed_is_over});
    to.push_back({"MDM-CHK-011",
                  "A command answered with CommandFormatError is not offered again.",
                  should,
                  basis::derived,
                  "derived from Apple, \"Sending MDM commands to a device\"",
                  server,
                  {},
                  malformed_is_over});
    to.push_back({"MDM-CHK-012",
                  "A command refused with NotNow is not the next answer.",
                  must,
                  basis::documented,
                  "Apple, \"Handling NotNow status responses\"",
                  server,
                  {"micromdm/micromdm#225"},
                  refused_is_not_next});
}

} // namespace pomona::checks
