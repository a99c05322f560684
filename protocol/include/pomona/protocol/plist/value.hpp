// A property list as a typed tree.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/time.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pomona::plist {

class value;
using array = std::vector<value>;

struct entry;

/// A dictionary that keeps the order of its keys, as the XML shows it. Keys are unique: the last
/// one wins.
class dict {
  public:
    dict();
    dict(std::initializer_list<entry> entries);
    dict(const dict&);
    dict(dict&&) noexcept;
    dict& operator=(const dict&);
    dict& operator=(dict&&) noexcept;
    ~dict();
    /// Linear in the number of entries, for a peer's dictionaries. Of equal keys the first keeps
    /// its place and the last its value.
    static dict from_entries(std::vector<entry> entries);

    /// Null when absent; valid until the dictionary changes.
    [[nodiscard]] const value* find(std::string_view key) const;
    [[nodiscard]] value* find(std::string_view key);
    /// Replaces in place, or appends.
    void set(std::string_view key, value v);
    bool erase(std::string_view key);
    [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] const entry* begin() const;
    [[nodiscard]] const entry* end() const;

    // The typed value of a key; null when it is absent or of another type.
    [[nodiscard]] const std::string* string(std::string_view key) const;
    [[nodiscard]] const bytes* data(std::string_view key) const;
    [[nodiscard]] const bool* boolean(std::string_view key) const;
    [[nodiscard]] const std::int64_t* integer(std::string_view key) const;
    [[nodiscard]] const array* list(std::string_view key) const;
    [[nodiscard]] const dict* dictionary(std::string_view key) const;

    bool operator==(const dict& other) const;

  private:
    std::vector<entry> entries_;
};

/// One node. Dates have whole seconds on the wire.
class value {
  public:
    using storage =
        std::variant<std::string, std::int64_t, double, bool, bytes, time_point, array, dict>;

    value() : storage_{std::string{}} {}
    value(std::string text) : storage_{std::move(text)} {}
    value(std::string_view text) : storage_{std::string{text}} {}
    value(const char* text) : storage_{std::string{text}} {}
    value(bool flag) : storage_{flag} {}
    value(int number) : storage_{std::int64_t{number}} {}
    value(std::int64_t number) : storage_{number} {}
    value(double number) : storage_{number} {}
    value(bytes data) : storage_{std::move(data)} {}
    value(time_point date) : storage_{date} {}
    value(array items) : storage_{std::move(items)} {}
    value(dict entries) : storage_{std::move(entries)} {}

    /// Null when the node is of another type.
    template <class T>
    [[nodiscard]] const T* get() const {
        return std::get_if<T>(&storage_);
    }
    template <class T>
    [[nodiscard]] T* get() {
        return std::get_if<T>(&storage_);
    }
    [[nodiscard]] const storage& variant() const { return storage_; }
    /// "string", "integer", "real", "boolean", "data", "date", "array", "dictionary": for messages.
    [[nodiscard]] std::string_view type_name() const;

    bool operator==(const value& other) const;

  private:
    storage storage_;
};

/// One key of a dictionary and what it maps to.
struct entry {
    std::string key;
    value item;
    bool operator==(const entry& other) const = default;
};

} // namespace pomona::plist
