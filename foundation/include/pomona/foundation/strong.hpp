// Strong types for identifiers: two of them never mix by accident.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace pomona {

/// A value that is not interchangeable with others of the same representation. `Tag` makes the
/// type.
template <class Tag, class Rep = std::string>
class strong {
  public:
    strong() = default;
    explicit strong(Rep value) : value_{std::move(value)} {}

    [[nodiscard]] const Rep& value() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

    auto operator<=>(const strong&) const = default;

  private:
    Rep value_;
};

} // namespace pomona

template <class Tag, class Rep>
struct std::hash<pomona::strong<Tag, Rep>> {
    std::size_t operator()(const pomona::strong<Tag, Rep>& id) const {
        return std::hash<Rep>{}(id.value());
    }
};
