// Typed access to the keys of profiles and payloads. Profiles are written by people too, so an
// error says which payload it is about.
#pragma once

#include "pomona/protocol/profile/profile.hpp"

#include <optional>
#include <string_view>

namespace pomona::profile {

/// Reads keys of one dictionary; remembers the first failure for `outcome`.
class keys {
  public:
    /// `where` prefixes every error, for instance a payload's type.
    keys(const plist::dict& from, std::string_view where) : from_{from}, where_{where} {}

    std::string text(std::string_view key) { return required<std::string>(key, "string"); }
    std::int64_t integer(std::string_view key) { return required<std::int64_t>(key, "integer"); }
    std::string text_or(std::string_view key, std::string_view otherwise = {}) {
        return optional<std::string>(key, "string").value_or(std::string{otherwise});
    }
    std::optional<std::string> text_if_any(std::string_view key) {
        return optional<std::string>(key, "string");
    }
    std::int64_t integer_or(std::string_view key, std::int64_t otherwise) {
        return optional<std::int64_t>(key, "integer").value_or(otherwise);
    }
    bool flag(std::string_view key) { return optional<bool>(key, "boolean").value_or(false); }
    bytes data_or_empty(std::string_view key) {
        return optional<bytes>(key, "data").value_or(bytes{});
    }
    plist::array list_or_empty(std::string_view key) {
        return optional<plist::array>(key, "array").value_or(plist::array{});
    }
    plist::dict dictionary(std::string_view key) {
        return required<plist::dict>(key, "dictionary");
    }
    std::optional<plist::dict> dictionary_if_any(std::string_view key) {
        return optional<plist::dict>(key, "dictionary");
    }
    void note(errc code, std::string_view what) {
        if (!failure_) {
            failure_ = error{code, where_ + ": " + std::string{what}, {}};
        }
    }
    [[nodiscard]] result<void> outcome() const {
        return failure_ ? std::unexpected(*failure_) : result<void>{};
    }

  private:
    template <class T>
    std::optional<T> optional(std::string_view key, std::string_view type) {
        const auto* found = from_.find(key);
        if (!found) {
            return std::nullopt;
        }
        if (const auto* typed = found->get<T>()) {
            return *typed;
        }
        note(errc::wrong_type, std::string{key} + " is " + std::string{found->type_name()} +
                                   ", not " + std::string{type});
        return std::nullopt;
    }
    template <class T>
    T required(std::string_view key, std::string_view type) {
        if (!from_.contains(key)) {
            note(errc::missing_key, key);
        }
        return optional<T>(key, type).value_or(T{});
    }

    const plist::dict& from_;
    std::string where_;
    std::optional<error> failure_;
};

} // namespace pomona::profile
