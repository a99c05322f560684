// Predicates of activations: the format strings of NSPredicate as far as Apple documents them for
// declarative device management, with its three custom operators. Parsing and evaluation only; no
// state of a Mac is known here.
#pragma once

#include "pomona/foundation/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::predicate {

enum class errc {
    syntax = 1,      ///< not a predicate
    custom_operator, ///< @status, @key or @property is not written as it has to be
    too_large        ///< longer, deeper or with more terms than is read
};
std::error_code make_error_code(errc value);

/// Choice: the longest text, the most terms and the deepest nesting that are read.
inline constexpr std::size_t max_text = 16U << 10U;
inline constexpr std::size_t max_terms = 2048;
inline constexpr std::size_t max_depth = 48;

/// What the custom operators read.
class source {
  public:
    source() = default;
    source(const source&) = default;
    source& operator=(const source&) = default;
    virtual ~source() = default;
    /// Of @status(item); nullopt: this Mac cannot deliver it.
    [[nodiscard]] virtual std::optional<nlohmann::json> status(std::string_view item) const = 0;
    /// Of @property(name); nullopt: no declaration sets it, so it is NULL.
    [[nodiscard]] virtual std::optional<nlohmann::json> property(std::string_view name) const = 0;
};

enum class verdict {
    is_true,
    is_false,
    failed,       ///< evaluation raised an error: operands that an operator does not take
    not_evaluable ///< it can be read, but there is nothing to evaluate it with
};
struct outcome {
    verdict is{};
    std::string why; ///< of the last two
    bool operator==(const outcome&) const = default;
};

struct tree;

/// A predicate that was read. Copies share it; it may be shared among threads.
class expression {
  public:
    /// Apple, "Predicate Format String Syntax", and the WWDC 2022 session 10046: comparisons,
    /// BEGINSWITH, ENDSWITH, CONTAINS, LIKE, MATCHES with [c] and [d], IN, BETWEEN, ANY, SOME, ALL,
    /// NONE, AND, OR, NOT, TRUEPREDICATE, FALSEPREDICATE, literals, {…}, key paths, + - * /,
    /// SUBQUERY with @count, @status(), @key(), @property().
    /// Choice: other functions and CAST, which no page on declarations mentions, are not read.
    static result<expression> parse(std::string_view text);

    /// Bounded work, whatever the text and the values.
    [[nodiscard]] outcome evaluate(const source& from) const;

    /// What it depends on, each once: arguments of @status and of @property.
    [[nodiscard]] const std::vector<std::string>& status_items() const;
    [[nodiscard]] const std::vector<std::string>& properties() const;

  private:
    explicit expression(std::shared_ptr<const tree> t) : tree_{std::move(t)} {}
    std::shared_ptr<const tree> tree_;
};

} // namespace pomona::predicate

POMONA_ERROR_ENUM(pomona::predicate::errc);
