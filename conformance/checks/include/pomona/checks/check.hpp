// The catalogue of passive checks: pure functions over a trace.
#pragma once

#include "pomona/checks/trace_view.hpp"
#include "pomona/checks/verdict.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::checks {

/// One violation, or one thing worth telling.
struct finding {
    std::uint64_t event = 0;           ///< where it shows
    std::vector<std::uint64_t> around; ///< other events that matter, in order
    std::string mac;                   ///< actor of the Mac concerned; may be empty
    std::string expected;
    std::string actual;
};

/// What a check saw. `occasions`: how often the rule applied; with none the verdict is n/a and
/// `reason` says what was missing.
struct observation {
    std::size_t occasions = 0;
    std::vector<finding> violations;
    std::string reason;
};

struct check {
    std::string_view id;   ///< as in the fact sheets: "MDM-CHK-004"
    std::string_view rule; ///< one sentence
    checks::level level{};
    checks::basis basis{};
    std::string_view source; ///< page title, RFC section, or schema file and release
    checks::subject subject{};
    std::vector<std::string_view> bugs; ///< public bugs it would have caught: "micromdm/nanomdm#73"
    std::function<observation(const trace_view&)> examine;
};

/// All checks, sorted by id. Ids are unique.
const std::vector<check>& catalogue();
const check* find(std::string_view id);
/// The nearest id to a mistyped one, for messages; empty when nothing is near.
std::string nearest(std::string_view id);

struct judgement {
    const check* what = nullptr;
    checks::verdict verdict{};
    observation seen;
};
/// must + rfc/schema/documented → fail; should or may, observed, derived → warn, or fail when
/// strict.
judgement judge(const check& what, const trace_view& run, bool strict);

} // namespace pomona::checks
