// A std::error_category from a function that names each value: what every layer's make_error_code
// uses.
#pragma once

#include <string>
#include <system_error>

namespace pomona {

/// `Name` is a string literal's address with static storage; `Describe` maps a value to its
/// sentence.
template <class Enum, const char* Name, const char* (*Describe)(Enum)>
const std::error_category& category_of() {
    class category final : public std::error_category {
        const char* name() const noexcept override { return Name; }
        std::string message(int value) const override { return Describe(static_cast<Enum>(value)); }
    };
    static const category instance;
    return instance;
}

} // namespace pomona
