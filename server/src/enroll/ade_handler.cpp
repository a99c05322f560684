// POST /enroll/ade: a Mac in Setup Assistant shows who it is and gets its enrollment profile
// (Apple, "MachineInfo"; enrollment by a token-based POST).
#include "answers.hpp"
#include "enroll/machine.hpp"
#include "handlers.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "pomona/protocol/mdm/machine_info.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace pomona::server {
namespace {

/// Real ones have about 4 KB.
constexpr std::size_t max_machine_info = 64U << 10U;

/// Schema mdm/errors: com.apple.softwareupdate.required.
net::response update_first(const std::string& version) {
    const nlohmann::json document{
        {"code", "com.apple.softwareupdate.required"},
        {"description", "macOS " + version + " or later is needed to enroll"},
        {"details", {{"OSVersion", version}}}};
    return json_answer(403,
                       document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace

// Never 401 (MDM-CHK-026).
std::expected<mdm::machine_info, net::response> identify_machine(const service& s,
                                                                 bytes_view signed_info) {
    if (signed_info.size() > max_machine_info) {
        return std::unexpected(plain_answer(413, "a MachineInfo is smaller"));
    }
    // ENR-040, ENR-041: one signer; SHA-1 or SHA-256, with or without signed attributes.
    auto opened = crypto::verify_attached(s.world.crypto(), signed_info);
    if (!opened) {
        spdlog::info("a MachineInfo is refused: {}", opened.error().message());
        return std::unexpected(plain_answer(400, "this is not a signed MachineInfo"));
    }
    // Observed (F23): real devices send one intermediate or the whole chain, and Apple's CA of
    // devices has expired; it identifies, so dates do not matter.
    const auto trusted = crypto::verify_chain_whenever(opened->signer, opened->certificates,
                                                       s.options.device_authorities);
    if (!trusted) {
        spdlog::info("a MachineInfo is refused: {}", trusted.error().message());
        return std::unexpected(
            plain_answer(403, "the signer is no device of an accepted authority"));
    }
    auto info = mdm::read_machine_info(opened->content);
    if (!info) {
        return std::unexpected(plain_answer(400, "the MachineInfo cannot be read"));
    }
    return *std::move(info);
}

net::task<net::response> answer_ade(service_ptr s, net::incoming in) {
    if (in.what.method != "POST") {
        co_return wrong_method("POST");
    }
    const auto machine = identify_machine(*s, in.what.body);
    if (!machine) {
        co_return machine.error();
    }
    // ENR-042, MDM-CHK-053: only a Mac that says it can is told to update.
    const auto& minimum = s->ade.minimum_os_version;
    if (!minimum.empty() && machine->can_request_software_update &&
        mdm::is_older_version(machine->os_version, minimum)) {
        co_return update_first(minimum);
    }
    co_return co_await give_profile(std::move(s), {});
}

} // namespace pomona::server
