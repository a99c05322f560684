#include "mac/command_table.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {

bool works_in_power_nap(std::string_view request_type) {
    // Apple, "Handling a NotNow status": the commands that a Mac on battery does at once.
    static constexpr std::array<std::string_view, 9> all{"ActivationLockBypassCode",
                                                         "ClearActivationLockBypassCode",
                                                         "DeleteUser",
                                                         "DeviceLock",
                                                         "EraseDevice",
                                                         "RestartDevice",
                                                         "ShutDownDevice",
                                                         "UnlockUserAccount",
                                                         "UserList"};
    return std::ranges::binary_search(all, request_type);
}

} // namespace pomona::sim::mac
