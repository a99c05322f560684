// Walks a message and the tables side by side.
#pragma once

#include "pomona/protocol/schema/validate.hpp"

#include <span>

namespace pomona::schema {

/// How scalars are written: JSON has data as base64 text and dates as text.
enum class notation : std::uint8_t { plist, json };
/// JSON null, which no property list has.
inline constexpr std::string_view json_null = "\x01null";

/// Choice: so many notes and so many problems say enough, and a hostile message costs no more.
inline constexpr std::size_t most_findings = 200;

/// Where the walk is: a list of its steps, kept on the stack.
struct place {
    const place* up = nullptr;
    std::string_view key; ///< empty: an element
    std::size_t index = 0;
    [[nodiscard]] std::string to_string() const;
};

class walk {
  public:
    walk(const context& c, notation n, findings& out) : context_{c}, notation_{n}, out_{out} {}

    using nodes = std::span<const node>;
    /// `also`: named keys that may stand there as well.
    void dictionary(nodes keys, const plist::dict& d, const place* at, nodes also = {});
    void value(const node& n, const plist::value& v, const place* at);
    void report(finding::kind what, const place* at, std::string detail);
    /// A finding when the Mac has not what the node stands for.
    bool is_available(const node& n, const place* at, bool left_out = false);

  private:
    void add(finding f, const place* at);
    void missing(nodes keys, const plist::dict& d, const place* at);
    void array(const node& n, const plist::array& items, const place* at);
    void member(const node& n, const plist::value& item, const place* at);
    void scalar(const node& n, const plist::value& v, const place* at);
    void listed(const node& n, const plist::value& v, const place* at);
    void lengths(const extra_facts& e, const plist::value& v, const place* at);
    [[nodiscard]] bool fits(value_type t, const plist::value& v) const;

    const context& context_;
    notation notation_;
    findings& out_;
    std::size_t notes_ = 0, problems_ = 0;
};

} // namespace pomona::schema
