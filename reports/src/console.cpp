#include "pomona/reports/console.hpp"

#include "pomona/scenario/source.hpp"

#include <algorithm>
#include <map>

namespace pomona::reports {
namespace {

using checks::verdict;

std::string painted(std::string_view text, std::string_view code, bool color) {
    return color ? "\x1b[" + std::string{code} + "m" + std::string{text} + "\x1b[0m"
                 : std::string{text};
}

std::string_view color_of(verdict v) {
    switch (v) {
    case verdict::pass:
        return "32";
    case verdict::fail:
    case verdict::error:
        return "1;31";
    case verdict::warn:
    case verdict::lenient:
        return "33";
    case verdict::not_applicable:
    case verdict::blocked:
        return "2";
    }
    return "0";
}

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) {
        text.resize(width, ' ');
    }
    return text;
}

std::string verdict_word(verdict v, bool color) {
    return painted(padded(std::string{checks::to_text(v)}, 7), color_of(v), color);
}

std::string event_list(const std::vector<std::uint64_t>& events) {
    std::string out;
    for (const auto e : events) {
        out += (out.empty() ? "#" : ", #") + std::to_string(e);
    }
    return out;
}

/// A bounded number of Macs in full, the rest counted: a fleet that fails as one should not scroll
/// away.
constexpr std::size_t shown_per_failure = 5;

std::string failed_step(const scenario::step_outcome& s, bool color) {
    const scenario::problem place{
        {s.file, s.line, s.column, static_cast<int>(s.title.substr(0, s.title.find(':')).size())},
        s.title + ": " + s.reason,
        ""};
    // The rendering wants a file's text; the line alone, at its place, is all it prints.
    std::string text(static_cast<std::size_t>(std::max(0, s.line - 1)), '\n');
    text += s.source_text;
    auto out = scenario::render(place, text);
    if (color) {
        out.replace(out.find("error:"), 6, painted("error:", "1;31", true));
    }
    std::size_t shown = 0;
    for (const auto& f : s.failures) {
        if (shown++ == shown_per_failure) {
            break;
        }
        out += "    " + f.mac + ": " + f.reason + '\n';
        if (!f.nearest.empty()) {
            out += "      " + f.nearest + '\n';
        }
        if (!f.around.empty()) {
            out += "      in the trace: " + event_list(f.around) + '\n';
        }
    }
    const auto total = s.macs - s.macs_held;
    if (!s.failures.empty() && total > shown_per_failure) {
        out += "    and " + std::to_string(total - shown_per_failure) + " more Macs\n";
    }
    return out;
}

std::string violated_check(const scenario::check_outcome& c, bool color) {
    auto out = painted(checks::to_text(c.verdict), color_of(c.verdict), color) + ": " + c.id +
               " [" + c.level + ", " + c.basis + "] " + c.rule + '\n';
    out += "    source: " + c.source + '\n';
    std::size_t shown = 0;
    for (const auto& f : c.findings) {
        if (shown++ == shown_per_failure) {
            break;
        }
        out += "    " + (f.mac.empty() ? std::string{"trace"} : f.mac) + " #" +
               std::to_string(f.event) + ": expected " + f.expected + ", got " + f.actual + '\n';
        if (!f.around.empty()) {
            out += "      see also " + event_list(f.around) + '\n';
        }
    }
    if (c.violations > shown_per_failure) {
        out += "    and " + std::to_string(c.violations - shown_per_failure) + " more\n";
    }
    for (const auto& bug : c.bugs) {
        out += "    seen as: " + bug + '\n';
    }
    return out;
}

std::string check_line(const scenario::check_outcome& c, bool color) {
    auto out = "  " + verdict_word(c.verdict, color) + ' ' + padded(c.id, 13) + ' ' + c.rule;
    if (c.verdict == verdict::not_applicable) {
        return out + " (" + c.reason + ")\n";
    }
    return out + " (" + std::to_string(c.occasions) + "x)\n";
}

/// "faults injected: drop-answer 3 of 5, …" and a line for each reason why one was not.
std::string fault_lines(const scenario::run_outcome& run) {
    if (run.faults.empty()) {
        return {};
    }
    std::map<std::string, std::size_t> by_fault;
    std::string missed;
    for (const auto& f : run.faults) {
        by_fault[f.fault] += f.injected;
        for (const auto& [why, count] : f.missed) {
            missed += "  not applied: " + f.fault + " (" + f.where + ") " + std::to_string(count) +
                      (count == 1 ? " time: " : " times: ") + why + '\n';
        }
        if (f.injected == 0 && f.missed.empty()) {
            missed += "  not applied: " + f.fault + " (" + f.where + "): " +
                      (f.matched == 0 ? "no such message came"
                                      : "chance or the budget left all " +
                                            std::to_string(f.matched) + " messages alone") +
                      '\n';
        }
    }
    std::string out;
    for (const auto& [id, count] : by_fault) {
        out += (out.empty() ? "  faults injected: " : ", ") + id + ' ' + std::to_string(count);
    }
    return out + '\n' + missed;
}

std::string counts(const scenario::run_outcome& run) {
    std::size_t by_verdict[7] = {};
    for (const auto& c : run.checks) {
        ++by_verdict[static_cast<std::size_t>(c.verdict)];
    }
    std::string out;
    for (const auto v : {verdict::pass, verdict::fail, verdict::warn, verdict::lenient,
                         verdict::error, verdict::not_applicable}) {
        const auto n = by_verdict[static_cast<std::size_t>(v)];
        if (n > 0) {
            out += (out.empty() ? "" : ", ") + std::to_string(n) + ' ' +
                   std::string{checks::to_text(v)};
        }
    }
    return out;
}

bool is_red(verdict v) {
    return v == verdict::fail || v == verdict::error;
}

} // namespace

std::string step_line(const scenario::step_outcome& s, const console_style& style) {
    auto out = "  " + verdict_word(s.verdict, style.color) + ' ' + padded(s.title, 44) + ' ' +
               padded(std::to_string(s.macs_held) + '/' + std::to_string(s.macs), 9);
    if (s.verdict == verdict::blocked) {
        return out + ' ' + s.reason;
    }
    const auto took = std::chrono::round<std::chrono::milliseconds>(s.ended - s.began);
    return out + ' ' + format_duration(took);
}

std::string summary(const scenario::run_outcome& run, const std::string& trace_folder,
                    const console_style& style) {
    std::string out;
    for (const auto& s : run.steps) {
        if (is_red(s.verdict)) {
            out += '\n' + failed_step(s, style.color);
        }
    }
    for (const auto& c : run.checks) {
        if (is_red(c.verdict) || (c.verdict == verdict::warn && !style.quiet)) {
            out += '\n' + violated_check(c, style.color);
        }
    }
    if (style.verbose) {
        out += '\n';
        for (const auto& c : run.checks) {
            out += check_line(c, style.color);
        }
    }
    if (!run.reason.empty()) {
        out += '\n' + painted("cut off: ", "1;31", style.color) + run.reason + '\n';
    }
    const auto held =
        std::ranges::count(run.steps, verdict::pass, &scenario::step_outcome::verdict);
    out += '\n' + painted(checks::to_text(run.verdict), color_of(run.verdict), style.color) + ": " +
           run.name + " · " + std::to_string(held) + " of " + std::to_string(run.steps.size()) +
           " steps · checks: " + counts(run) + " · " + std::to_string(run.macs) +
           (run.macs == 1 ? " Mac · " : " Macs · ") + std::to_string(run.events) +
           " events · seed " + std::to_string(run.seed) + " (" + run.world + ")\n";
    out += fault_lines(run);
    if (is_red(run.verdict)) {
        out += "  again:  " + run.rerun + '\n';
    }
    if (!trace_folder.empty()) {
        out += "  report: " + trace_folder + "/report.html\n";
    }
    return out;
}

} // namespace pomona::reports
