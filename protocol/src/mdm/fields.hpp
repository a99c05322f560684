// Reading and writing the keys of MDM messages: typed, with the key's name in every error.
#pragma once

#include "pomona/protocol/mdm/checkin.hpp"

#include <optional>
#include <string_view>

namespace pomona::mdm {

/// The body as a dictionary; what plist refuses keeps its own code.
result<plist::dict> read_body(bytes_view body);

/// Reads keys of one dictionary and remembers the first failure, so that a message is read in one
/// go and judged once at the end.
class fields {
  public:
    explicit fields(const plist::dict& from) : from_{from} {}

    std::string text(std::string_view key) { return required<std::string>(key, "string"); }
    bytes data(std::string_view key) { return required<bytes>(key, "data"); }
    plist::dict dictionary(std::string_view key) {
        return required<plist::dict>(key, "dictionary");
    }
    std::string text_or_empty(std::string_view key) {
        return optional<std::string>(key, "string").value_or(std::string{});
    }
    std::int64_t integer(std::string_view key) { return required<std::int64_t>(key, "integer"); }
    std::optional<bool> flag(std::string_view key) { return optional<bool>(key, "boolean"); }
    std::optional<bytes> data_if_any(std::string_view key) { return optional<bytes>(key, "data"); }

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
            note(errc::missing_key, std::string{key});
        }
        return optional<T>(key, type).value_or(T{});
    }
    void note(errc code, std::string detail) {
        if (!failure_) {
            failure_ = error{code, std::move(detail), {}};
        }
    }

    const plist::dict& from_;
    std::optional<error> failure_;
};

/// The identifier keys of every message.
result<sender> read_sender(const plist::dict& message);
/// UDID or EnrollmentID, then the user's keys on the user channel.
void write_sender(plist::dict& message, const sender& from);
/// Is the key one that `read_sender` reads?
bool is_sender_key(std::string_view key);

} // namespace pomona::mdm
