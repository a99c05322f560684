// The accounts of the Mac: list, delete, unlock.
#include "mac/commands/handler.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

constexpr int secure_token_release = 1100; ///< schema mdm/commands/user.list.yaml: since 11.0

plist::dict list_user(const local_account& a, const persona& kind) {
    plist::dict d{
        {"UserName", a.short_name}, {"FullName", a.full_name},   {"UID", a.uid},
        {"UserGUID", a.guid},       {"IsLoggedIn", a.logged_in}, {"MobileAccount", a.mobile}};
    if (os_release(kind) >= secure_token_release) {
        d.set("HasSecureToken", a.secure_token);
    }
    return d;
}

outcome user_list(const command& c, const device_state& state) {
    plist::array list;
    for (const auto& a : state.box.users.all()) {
        list.emplace_back(list_user(a, state.machine.kind));
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.answer.result.set("Users", std::move(list));
    return out;
}

outcome no_such_user(const command& c, const device_state& state, const std::string& name) {
    return refused(c, state,
                   mac_error(mdm_error_domain, code::unknown_user,
                             "There is no user \"" + name + "\" on this Mac."));
}

outcome delete_user(const command& c, const device_state& state) {
    const auto* name = c.body.string("UserName");
    if (name == nullptr) { // schema: required where DeleteAllUsers is not, and macOS has none
        return malformed(c, state, "DeleteUser without UserName.");
    }
    switch (state.box.users.remove(*name)) {
    case accounts::removal::unknown:
        return no_such_user(c, state, *name);
    case accounts::removal::logged_in:
        return refused(c, state,
                       mac_error(mdm_error_domain, code::user_logged_in,
                                 "The user \"" + *name + "\" is logged in."));
    case accounts::removal::last_with_token:
        return refused(
            c, state,
            mac_error(mdm_error_domain, code::cannot_delete_user,
                      "The user \"" + *name + "\" is the last one with a secure token and stays."));
    case accounts::removal::done:
        break;
    }
    auto out = answered(c, state, command_status::acknowledged);
    out.effect = effect::end_user{*name};
    return out;
}

outcome unlock_user_account(const command& c, const device_state& state) {
    const auto* name = c.body.string("UserName");
    if (name == nullptr) {
        return malformed(c, state, "UnlockUserAccount without UserName.");
    }
    auto* found = state.box.users.find(*name);
    if (found == nullptr) {
        return no_such_user(c, state, *name);
    }
    found->locked = false;
    return answered(c, state, command_status::acknowledged);
}

constexpr std::array<handler, 3> handlers{{
    {"DeleteUser", delete_user},
    {"UnlockUserAccount", unlock_user_account},
    {"UserList", user_list},
}};

} // namespace

std::span<const handler> account_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
