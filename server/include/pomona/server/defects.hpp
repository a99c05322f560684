// Planted defects: real bugs of other servers that the reference server can be given, so that the
// checks themselves can be measured. Off, each costs one test of a bit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pomona::server {

enum class defect : std::uint8_t {
    acknowledged_command_again,
    cert_rep_without_sender_nonce,
    declaration_refused,
    declarations_tokens_disagree,
    document_inside_command,
    not_now_in_a_circle,
    push_token_never_replaced,
    queue_outlives_authenticate
};

/// What is known of a defect; `scenarios/bugs/<name>.yaml` shows it.
struct defect_facts {
    defect what{};
    std::string_view name;      ///< as --bug takes it
    std::string_view summary;   ///< what the server does wrong
    std::string_view reference; ///< the public report: "micromdm/micromdm#225"; empty: none
    std::span<const std::string_view> caught_by; ///< ids of checks
};

/// All of them, sorted by name.
std::span<const defect_facts> known_defects();
/// Null when there is none of that name.
const defect_facts* find_defect(std::string_view name);

/// Those that one server has.
class defects {
  public:
    void plant(defect d) { bits_ |= bit(d); }
    [[nodiscard]] bool has(defect d) const { return (bits_ & bit(d)) != 0; }

  private:
    static constexpr std::uint64_t bit(defect d) {
        return std::uint64_t{1} << static_cast<unsigned>(d);
    }
    std::uint64_t bits_ = 0;
};

} // namespace pomona::server
