// What came of a run: the verdicts that every report shows and run.json keeps.
#pragma once

#include "pomona/checks/check.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/foundation/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pomona::scenario {

/// Exit codes of the command (design section 4).
enum class exit_code {
    ok = 0,
    failed = 1,          ///< a check or expectation failed, or the server died in mid-run
    threshold = 2,       ///< a load threshold failed
    unusable_target = 3, ///< target or set-up unusable from the start
    invalid_input = 4,   ///< scenario, target or config invalid
    internal = 5,        ///< Pomona itself cannot go on
    load_invalid = 6,
    usage = 64,
    interrupted = 130,
    terminated = 143
};
/// The one that wins when several apply: 5 > 4 > 3 > 6 > 1 > 2; a signal's code beats all but 5.
exit_code worse(exit_code a, exit_code b);

/// Why a step did not hold for one Mac.
struct mac_failure {
    std::string mac;
    std::string reason;                ///< "no TokenUpdate within 60s", …
    std::string nearest;               ///< what came instead, in words; may be empty
    std::vector<std::uint64_t> around; ///< trace numbers to look at
};

struct step_outcome {
    std::string title; ///< "expect DeviceInformation Acknowledged"
    std::string file;
    int line = 0, column = 0;
    std::string source_text; ///< the line of the file, for the caret
    checks::verdict verdict{};
    std::string reason;   ///< for fail, blocked, error
    std::size_t macs = 0; ///< how many it was about
    std::size_t macs_held = 0;
    std::vector<mac_failure> failures; ///< at most 50; macs - macs_held says how many there were
    time_point began, ended;           ///< world time
    std::uint64_t first_event = 0, last_event = 0;
};

struct finding_outcome {
    std::uint64_t event = 0;
    std::vector<std::uint64_t> around;
    std::string mac, expected, actual;
};
struct check_outcome {
    std::string id, rule, level, basis, source, subject;
    std::vector<std::string> bugs;
    checks::verdict verdict{};
    std::size_t occasions = 0;
    std::size_t violations = 0;
    std::string reason;
    std::vector<finding_outcome> findings; ///< at most 50
};

/// What came of one rule of `faults`, or of one `fault` step.
struct fault_outcome {
    std::string fault;                         ///< its id
    std::string where;                         ///< "file:line"
    std::size_t matched = 0;                   ///< messages that it was meant for
    std::size_t injected = 0;                  ///< times it took effect
    std::map<std::string, std::size_t> missed; ///< why it could not, and how often
};

struct run_outcome {
    std::string version; ///< of Pomona
    std::string name, about, file;
    std::uint64_t seed = 0;
    std::string world; ///< "real" or "virtual"
    std::string target;
    std::size_t macs = 0;
    bool strict = false;
    std::string rerun;       ///< the command line that runs just this again
    time_point began, ended; ///< world time
    std::uint64_t events = 0;
    std::vector<step_outcome> steps;
    std::vector<check_outcome> checks;
    std::vector<fault_outcome> faults;
    checks::verdict verdict{};
    std::string reason; ///< when the run as a whole could not go on
    exit_code exit = exit_code::ok;
};

/// run.json and back. `to_json` is deterministic; keys in fixed order; two-space indent.
std::string to_json(const run_outcome& outcome);
result<run_outcome> from_json(std::string_view text);

} // namespace pomona::scenario
