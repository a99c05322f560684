// The list of defects. To add one: a value of `defect`, its facts here, one question at the rule it
// breaks, and scenarios/bugs/<name>.yaml.
#include "pomona/server/defects.hpp"

#include <algorithm>
#include <array>

namespace pomona::server {
namespace {

using namespace std::string_view_literals;

constexpr std::array acknowledged_again{"MDM-CHK-009"sv};
constexpr std::array no_sender_nonce{"SCEP-012"sv};
constexpr std::array refused_declaration{"DDM-009"sv};
constexpr std::array two_tokens{"DDM-004"sv};
constexpr std::array two_documents{"MDM-CHK-005"sv};
constexpr std::array circle{"MDM-CHK-012"sv};
constexpr std::array old_token{"APNS-041"sv, "MDM-CHK-018"sv};
constexpr std::array old_queue{"MDM-CHK-023"sv};

constexpr std::array<defect_facts, 8> all{{
    {defect::acknowledged_command_again, "acknowledged-command-again",
     "A command stays in the queue after its first Acknowledged and is handed out once more.", "",
     acknowledged_again},
    {defect::cert_rep_without_sender_nonce, "cert-rep-without-sender-nonce",
     "SCEP replies have no senderNonce.", "micromdm/scep#104", no_sender_nonce},
    {defect::declaration_refused, "declaration-refused",
     "Activations that declaration-items lists are answered with 400 when they are fetched.",
     "zentralopensource/zentral#1540", refused_declaration},
    {defect::declarations_tokens_disagree, "declarations-tokens-disagree",
     "declaration-items has another DeclarationsToken than tokens, though nothing changes.",
     "fleetdm/fleet#27979", two_tokens},
    {defect::document_inside_command, "document-inside-command",
     "A command's property list has the head of a second document inside.", "fleetdm/fleet#44934",
     two_documents},
    {defect::not_now_in_a_circle, "not-now-in-a-circle",
     "A command refused with NotNow is the answer to that very report.", "micromdm/micromdm#225",
     circle},
    {defect::push_token_never_replaced, "push-token-never-replaced",
     "Token and PushMagic of the first enrollment are kept when the Mac enrolls again.",
     "Layr-Labs/d-inference#869", old_token},
    {defect::queue_outlives_authenticate, "queue-outlives-authenticate",
     "Commands of an earlier enrollment are handed out after Authenticate.",
     "micromdm/micromdm#646", old_queue},
}};
static_assert(std::ranges::is_sorted(all, {}, &defect_facts::name));

} // namespace

std::span<const defect_facts> known_defects() {
    return all;
}

const defect_facts* find_defect(std::string_view name) {
    const auto found = std::ranges::find(all, name, &defect_facts::name);
    return found == all.end() ? nullptr : &*found;
}

} // namespace pomona::server
