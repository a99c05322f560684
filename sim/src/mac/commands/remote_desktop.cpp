// EnableRemoteDesktop and DisableRemoteDesktop (schema mdm/commands/remotedesktop.*.yaml).
#include "mac/commands/handler.hpp"
#include "mac/machine/machine.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

template <bool On>
outcome switch_remote_desktop(const command& c, const device_state& state) {
    state.box.remote_desktop = On;
    return answered(c, state, command_status::acknowledged);
}

constexpr std::array<handler, 2> handlers{{
    {"DisableRemoteDesktop", switch_remote_desktop<false>},
    {"EnableRemoteDesktop", switch_remote_desktop<true>},
}};

} // namespace

std::span<const handler> remote_desktop_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
