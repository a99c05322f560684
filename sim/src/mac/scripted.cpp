// Answers that somebody asked for instead of what the Mac would say.
#include "mac/commands/handler.hpp"

#include <algorithm>

namespace pomona::sim::mac {

std::optional<outcome> scripted_outcome(bytes_view body, const device_state& state,
                                        std::vector<scripted_answer>& script) {
    if (script.empty()) {
        return std::nullopt;
    }
    const auto c = mdm::parse_command(body);
    if (!c) {
        return std::nullopt;
    }
    const auto found = std::ranges::find_if(script, [&](const scripted_answer& a) {
        return a.request_type.empty() || a.request_type == c->request_type;
    });
    if (found == script.end()) {
        return std::nullopt;
    }
    auto out = answered(*c, state, found->status);
    if (found->why) {
        out.answer.errors.push_back(*found->why);
    }
    if (--found->times <= 0) {
        script.erase(found);
    }
    return out;
}

} // namespace pomona::sim::mac
