#include "mac/commands/handler.hpp"

#include "pomona/protocol/mdm/keys.hpp"

namespace pomona::sim::mac {

using mdm::command;
using mdm::command_status;

outcome answered(const command& c, const device_state& state, command_status status) {
    outcome out;
    out.answer.from = sender_of(state.machine, state.user);
    if (state.is_user_channel()) { // Apple, "DeclarativeManagementResponse": required there
        out.answer.not_on_console = !state.on_console;
    }
    out.answer.status = status;
    out.answer.uuid = c.uuid;
    // Observed: a Mac repeats RequestType in its results, though the schema does not list it.
    if (!c.request_type.empty()) {
        out.answer.result.set(mdm::key::request_type, c.request_type);
    }
    return out;
}

outcome refused(const command& c, const device_state& state, mdm::error_chain_item why) {
    auto out = answered(c, state, command_status::error);
    out.answer.errors.push_back(std::move(why));
    return out;
}

outcome malformed(const command& c, const device_state& state, std::string what) {
    auto out = answered(c, state, command_status::command_format_error);
    out.answer.errors.push_back(
        mac_error(mdm_error_domain, code::malformed_request, std::move(what)));
    return out;
}

} // namespace pomona::sim::mac
