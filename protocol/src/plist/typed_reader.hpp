// Typed access to the keys of one dictionary, with the key's name in every error.
#pragma once

#include "pomona/protocol/plist/codec.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pomona::plist {

/// Remembers the first failure, so that a message is read in one go and judged once at the end.
/// `Errc` is the error enum of the messages; it has missing_key and wrong_type.
template <class Errc>
class typed_reader {
  public:
    /// `where` prefixes every error when it is not empty, for instance a payload's type.
    explicit typed_reader(const dict& from, std::string_view where = {})
        : from_{from}, where_{where} {}

    std::string text(std::string_view key) { return required<std::string>(key, "string"); }
    bytes data(std::string_view key) { return required<bytes>(key, "data"); }
    std::int64_t integer(std::string_view key) { return required<std::int64_t>(key, "integer"); }
    dict dictionary(std::string_view key) { return required<dict>(key, "dictionary"); }

    std::string text_or(std::string_view key, std::string_view otherwise = {}) {
        return text_if_any(key).value_or(std::string{otherwise});
    }
    std::int64_t integer_or(std::string_view key, std::int64_t otherwise) {
        return optional<std::int64_t>(key, "integer").value_or(otherwise);
    }
    bool flag(std::string_view key) { return flag_if_any(key).value_or(false); }
    bytes data_or_empty(std::string_view key) { return data_if_any(key).value_or(bytes{}); }
    array list_or_empty(std::string_view key) {
        return optional<array>(key, "array").value_or(array{});
    }

    std::optional<std::string> text_if_any(std::string_view key) {
        return optional<std::string>(key, "string");
    }
    std::optional<bool> flag_if_any(std::string_view key) { return optional<bool>(key, "boolean"); }
    std::optional<bytes> data_if_any(std::string_view key) { return optional<bytes>(key, "data"); }
    std::optional<dict> dictionary_if_any(std::string_view key) {
        return optional<dict>(key, "dictionary");
    }

    void note(Errc code, std::string_view what) {
        if (!failure_) {
            failure_ = error{code, (where_.empty() ? "" : where_ + ": ") + std::string{what}, {}};
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
        note(Errc::wrong_type, std::string{key} + " is " + std::string{found->type_name()} +
                                   ", not " + std::string{type});
        return std::nullopt;
    }
    template <class T>
    T required(std::string_view key, std::string_view type) {
        if (!from_.contains(key)) {
            note(Errc::missing_key, key);
        }
        return optional<T>(key, type).value_or(T{});
    }

    const dict& from_;
    std::string where_;
    std::optional<error> failure_;
};

} // namespace pomona::plist
