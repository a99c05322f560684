// The catalogue as one list, and how a violation weighs.
#include "pomona/checks/check.hpp"

#include "registry.hpp"

#include <algorithm>
#include <numeric>

namespace pomona::checks {
namespace {

std::vector<check> all_checks() {
    std::vector<check> out;
    add_mdm_answer_checks(out);
    add_mdm_queue_checks(out);
    add_push_timing_checks(out);
    add_mdm_device_checks(out);
    add_session_checks(out);
    add_enroll_checks(out);
    add_scep_checks(out);
    add_ddm_server_checks(out);
    add_scep_message_checks(out);
    add_ddm_declaration_checks(out);
    add_ddm_device_checks(out);
    add_ddm_fetching_checks(out);
    add_apns_checks(out);
    add_setup_checks(out);
    add_bootstrap_token_checks(out);
    add_schema_checks(out);
    add_user_channel_checks(out);
    add_user_login_checks(out);
    add_web_view_checks(out);
    std::ranges::sort(out, {}, &check::id);
    return out;
}

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// Edits (insert, delete, replace) between two ids, without regard to case.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto replaced = diagonal + (upper(a[i - 1]) == upper(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

constexpr std::size_t max_id_bytes = 64;
constexpr std::size_t near_enough = 3;

} // namespace

const std::vector<check>& catalogue() {
    static const auto all = all_checks();
    return all;
}

const check* find(std::string_view id) {
    const auto& all = catalogue();
    const auto found = std::ranges::lower_bound(all, id, {}, &check::id);
    return found != all.end() && found->id == id ? &*found : nullptr;
}

std::string nearest(std::string_view id) {
    if (id.empty() || id.size() > max_id_bytes) {
        return {};
    }
    const check* best = nullptr;
    auto fewest = near_enough + 1;
    for (const auto& c : catalogue()) {
        if (const auto n = edits(id, c.id); n < fewest) {
            fewest = n;
            best = &c;
        }
    }
    return best == nullptr ? std::string{} : std::string{best->id};
}

judgement judge(const check& what, const trace_view& run, bool strict) {
    // A Mac answers for what it did with what it got; its peers for what they said themselves.
    const bool of_mac = what.subject == subject::device || what.subject == subject::scep_client;
    judgement out{&what, verdict::pass, what.examine(of_mac ? run : run.of_peers())};
    // Design: a guess of ours, or a recommendation, does not turn a run red unless it is asked to.
    const bool binding =
        what.level == level::must && what.basis != basis::observed && what.basis != basis::derived;
    if (!out.seen.violations.empty()) {
        out.seen.reason.clear();
        out.verdict = binding || strict ? verdict::fail : verdict::warn;
    } else if (out.seen.occasions == 0) {
        out.verdict = verdict::not_applicable;
        if (out.seen.reason.empty()) {
            out.seen.reason = "the run has nothing that this check judges";
        }
    } else {
        out.seen.reason.clear();
    }
    return out;
}

} // namespace pomona::checks
