// Parameters of faults: what may be set, within which bounds, and what was set.
#pragma once

#include "pomona/foundation/time.hpp"

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pomona::faults {

struct parameter {
    enum class kind { length, number, word };
    std::string_view name;
    faults::parameter::kind type{};
    std::string_view standard; ///< what is taken when the file says nothing, as a file spells it
    std::int64_t min = 0, max = 0;       ///< number: itself; length: milliseconds
    std::vector<std::string_view> words; ///< word: the ones there are
    std::string_view about;
};
/// "0s to 1h", "1 to 600", "reset or timeout".
std::string bounds_of(const parameter& p);

/// The parameters of one rule, all of them: standards where nothing was set.
class settings {
  public:
    explicit settings(const std::vector<parameter>& known);
    /// A message for the user when `text` does not fit.
    std::expected<void, std::string> set(const parameter& p, std::string_view text);

    [[nodiscard]] duration length(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name) const;
    [[nodiscard]] const std::string& word(std::string_view name) const;
    /// As a file spells them, in alphabetical order.
    [[nodiscard]] const std::map<std::string, std::string, std::less<>>& texts() const {
        return texts_;
    }

  private:
    std::map<std::string, std::string, std::less<>> texts_;
};

} // namespace pomona::faults
