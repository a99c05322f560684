// Do the predicates of `where` hold for an event?
#pragma once

#include "pomona/scenario/scenario.hpp"
#include "pomona/trace/recorder.hpp"

#include <functional>

namespace pomona::scenario {

/// Replaces `${…}` that only the run knows: mac.udid, mac.serial, mac.name and captures. nullopt:
/// not known (yet).
using resolver = std::function<std::optional<std::string>(const std::string& text)>;

struct mismatch {
    std::string path;
    std::string expected;
    std::string actual; ///< "absent" when the path is not there
};
/// The first predicate that does not hold; nullopt when all do. Paths look into the decoded body,
/// then the summary; the path `status` is the HTTP status of a response.
std::optional<mismatch> test(const std::vector<predicate>& all, const trace::event& e,
                             const trace::recorder& recorder, const resolver& resolve);
/// The value at a path as text, for `capture`; nullopt when absent.
std::optional<std::string> value_at(const std::string& path, const trace::event& e,
                                    const trace::recorder& recorder);

} // namespace pomona::scenario
