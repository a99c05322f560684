#include "pomona/scenario/runner.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

constexpr std::size_t max_findings = 50;

check_outcome to_outcome(const checks::judgement& j) {
    check_outcome out;
    out.id = j.what->id;
    out.rule = j.what->rule;
    out.level = checks::to_text(j.what->level);
    out.basis = checks::to_text(j.what->basis);
    out.source = j.what->source;
    out.subject = checks::to_text(j.what->subject);
    out.bugs.assign(j.what->bugs.begin(), j.what->bugs.end());
    out.verdict = j.verdict;
    out.occasions = j.seen.occasions;
    out.violations = j.seen.violations.size();
    out.reason = j.seen.reason;
    for (const auto& f : j.seen.violations) {
        if (out.findings.size() == max_findings) {
            break;
        }
        out.findings.push_back({f.event, f.around, f.mac, f.expected, f.actual});
    }
    return out;
}

int rank(exit_code code) {
    switch (code) {
    case exit_code::internal:
        return 8;
    case exit_code::terminated:
        return 7;
    case exit_code::interrupted:
        return 6;
    case exit_code::usage:
    case exit_code::invalid_input:
        return 5;
    case exit_code::unusable_target:
        return 4;
    case exit_code::load_invalid:
        return 3;
    case exit_code::failed:
        return 2;
    case exit_code::threshold:
        return 1;
    case exit_code::ok:
        break;
    }
    return 0;
}

bool is_red(checks::verdict v) {
    return v == checks::verdict::fail || v == checks::verdict::error ||
           v == checks::verdict::blocked;
}

} // namespace

exit_code worse(exit_code a, exit_code b) {
    return rank(a) >= rank(b) ? a : b;
}

std::vector<check_outcome> judge_trace(const checks::trace_view& view,
                                       const std::vector<std::string>& ids, bool strict) {
    std::vector<check_outcome> out;
    for (const auto& check : checks::catalogue()) {
        if (ids.empty() || std::ranges::find(ids, check.id) != ids.end()) {
            out.push_back(to_outcome(checks::judge(check, view, strict)));
        }
    }
    return out;
}

void settle(run_outcome& outcome) {
    const bool step_red =
        std::ranges::any_of(outcome.steps, [](const auto& s) { return is_red(s.verdict); });
    const bool check_red =
        std::ranges::any_of(outcome.checks, [](const auto& c) { return is_red(c.verdict); });
    const bool warned = std::ranges::any_of(
        outcome.checks, [](const auto& c) { return c.verdict == checks::verdict::warn; });
    if (step_red || check_red || !outcome.reason.empty()) {
        outcome.verdict = checks::verdict::fail;
        outcome.exit = worse(outcome.exit, exit_code::failed);
    } else {
        outcome.verdict = warned ? checks::verdict::warn : checks::verdict::pass;
    }
}

} // namespace pomona::scenario
