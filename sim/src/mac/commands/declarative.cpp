// DeclarativeManagement.
#include "mac/commands/handler.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

outcome declarative_management(const command& c, const device_state& state) {
    effect::synchronise sync;
    if (const auto* data = c.body.data("Data")) {
        sync.tokens = *data;
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.effect = std::move(sync);
    return out;
}

constexpr std::array<handler, 1> handlers{{
    {"DeclarativeManagement", declarative_management},
}};

} // namespace

std::span<const handler> declarative_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
