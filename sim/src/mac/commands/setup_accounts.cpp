// The accounts that MDM has Setup Assistant make (schema mdm/commands/account.configuration.yaml,
// set.auto.admin.password.yaml).
#include "mac/commands/handler.hpp"
#include "pomona/foundation/encoding.hpp"

#include <array>

namespace pomona::sim::mac {
namespace {

using mdm::command;
using mdm::command_status;

bool flag(const plist::dict& d, std::string_view key) {
    const auto* found = d.boolean(key);
    return found != nullptr && *found;
}
std::string text(const plist::dict& d, std::string_view key) {
    const auto* found = d.string(key);
    return found != nullptr ? *found : std::string{};
}

/// Choice: follows from the Mac and the name, as everything of a virtual Mac can be repeated.
std::string guid_of(const hardware& machine, std::string_view short_name) {
    const auto digest = crypto::sha256(
        as_bytes("account " + machine.device.value() + ' ' + std::string{short_name}));
    auto hex = to_hex_upper(bytes_view{digest}.first(16));
    hex[12] = '5'; // RFC 9562: derived from a name
    hex[16] = '8';
    for (const auto at : {20U, 16U, 12U, 8U}) {
        hex.insert(at, "-");
    }
    return hex;
}

std::expected<local_account, std::string> read_admin(const plist::value& item,
                                                     const hardware& machine) {
    const auto* d = item.get<plist::dict>();
    if (d == nullptr || text(*d, "shortName").empty()) {
        return std::unexpected{std::string{"AutoSetupAdminAccounts needs a shortName"}};
    }
    local_account out{.guid = guid_of(machine, text(*d, "shortName")),
                      .short_name = text(*d, "shortName"),
                      .full_name = text(*d, "fullName"),
                      .admin = true,
                      .hidden = flag(*d, "hidden"),
                      .auto_admin = true};
    if (out.full_name.empty()) {
        out.full_name = out.short_name;
    }
    if (const auto* data = d->data("passwordHash")) {
        auto hash = read_password_hash(*data);
        if (!hash) {
            return std::unexpected{"passwordHash: " + hash.error()};
        }
        out.hash = *std::move(hash);
    }
    return out;
}

account_setup read_setup(const plist::dict& body) {
    account_setup out{.skip_primary = flag(body, "SkipPrimarySetupAccountCreation"),
                      .primary_regular = flag(body, "SetPrimarySetupAccountAsRegularUser"),
                      .managed_short_name = text(body, "ManagedLocalUserShortName")};
    if (!flag(body, "DontAutoPopulatePrimaryAccountInfo")) {
        out.primary_full_name = text(body, "PrimaryAccountFullName");
        out.primary_user_name = text(body, "PrimaryAccountUserName");
        // The schema: only of fields that are filled in.
        out.lock_primary_info = flag(body, "LockPrimaryAccountInfo") &&
                                !(out.primary_full_name.empty() && out.primary_user_name.empty());
    }
    return out;
}

outcome account_configuration(const command& c, const device_state& state) {
    if (!state.awaiting_configuration) { // Observed (F27): after Setup Assistant it fails with 101
        return refused(c, state,
                       mac_error(device_enrollment_error_domain, code::not_in_setup,
                                 "The Mac does not wait for its configuration any more."));
    }
    auto setup = read_setup(c.body);
    const auto* admins = c.body.list("AutoSetupAdminAccounts");
    const bool has_admin = admins != nullptr && !admins->empty();
    if ((setup.skip_primary || setup.primary_regular) && !has_admin) {
        return malformed(c, state,
                         "AccountConfiguration: without an account of its own the Mac needs "
                         "AutoSetupAdminAccounts.");
    }
    if (has_admin) { // the schema: further elements are ignored
        auto admin = read_admin(admins->front(), state.machine);
        if (!admin) {
            return malformed(c, state, "AccountConfiguration: " + admin.error() + '.');
        }
        state.box.users.add(*std::move(admin));
    }
    state.box.users.setup = std::move(setup);
    return answered(c, state, command_status::acknowledged);
}

outcome set_auto_admin_password(const command& c, const device_state& state) {
    const auto* guid = c.body.string("GUID");
    const auto* data = c.body.data("passwordHash");
    if (guid == nullptr || data == nullptr) {
        return malformed(c, state, "SetAutoAdminPassword without GUID and passwordHash.");
    }
    auto hash = read_password_hash(*data);
    if (!hash) {
        return malformed(c, state, "SetAutoAdminPassword: passwordHash: " + hash.error() + '.');
    }
    auto* found = state.box.users.by_guid(*guid);
    if (found == nullptr || !found->auto_admin) {
        return refused(c, state,
                       mac_error(mdm_error_domain, code::unknown_user,
                                 "No administrator made by MDM has the GUID " + *guid + '.'));
    }
    found->hash = *std::move(hash);
    return answered(c, state, command_status::acknowledged);
}

constexpr std::array<handler, 2> handlers{{
    {"AccountConfiguration", account_configuration},
    {"SetAutoAdminPassword", set_auto_admin_password},
}};

} // namespace

std::span<const handler> setup_account_commands() {
    return handlers;
}

} // namespace pomona::sim::mac
