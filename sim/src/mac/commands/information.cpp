// DeviceInformation and SecurityInfo.
#include "mac/commands/handler.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

outcome device_information(const command& c, const device_state& state) {
    const auto* queries = c.body.list("Queries");
    if (queries == nullptr) {
        return malformed(c, state, "DeviceInformation without an array Queries.");
    }
    // MDM-CHK-076: only what was asked, known and permitted.
    plist::dict answers;
    for (const auto& q : *queries) {
        const auto* name = q.get<std::string>();
        if (auto value = name ? answer_query(*name, state) : std::nullopt) {
            answers.set(*name, *std::move(value));
        }
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("QueryResponses", std::move(answers));
    return out;
}

outcome security(const command& c, const device_state& state) {
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("SecurityInfo", security_info(state));
    return out;
}

constexpr std::array<handler, 2> handlers{{
    {"DeviceInformation", device_information},
    {"SecurityInfo", security},
}};

} // namespace

std::span<const handler> information_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
