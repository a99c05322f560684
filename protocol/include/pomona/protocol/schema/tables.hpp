// Apple's device-management schema for macOS as tables (protocol/schema): commands, check-in
// messages, error documents, profile payloads, declarations, status items. Facts only; what a
// message has to look like is judged in validate.hpp. Everything here is constant data of the
// program: views into it are valid for ever, and looking up allocates nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::schema {

/// "10.13.6"; versions of macOS compare as numbers, part by part. Zero: not stated.
struct version {
    std::uint32_t packed = 0;

    constexpr version() = default;
    constexpr explicit version(std::uint32_t number) : packed{number} {}
    constexpr version(unsigned major, unsigned minor, unsigned patch = 0)
        : packed{major << 16U | minor << 8U | patch} {}
    /// Of "15.2", "14.7.1", "15.2 (a)": the leading numbers. Zero when there are none.
    static version parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] constexpr bool is_stated() const { return packed != 0; }
    constexpr auto operator<=>(const version&) const = default;
};
/// The first release that the tables know from its seed only: what it adds or takes away is seen
/// with `context::seed` alone.
inline constexpr version first_seed{27, 0};

/// A piece of the tables' text.
struct text {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
    [[nodiscard]] std::string_view view() const;
};

enum class value_type : std::uint8_t {
    string,
    integer,
    real,
    boolean,
    date,
    data,
    array,
    dictionary,
    any
};
std::string_view to_text(value_type t);

/// What stands below a node.
enum class shape_kind : std::uint8_t {
    none,       ///< nothing is said: a scalar, or a container with any contents
    dictionary, ///< its keys
    array,      ///< the one kind of element
    any_of,     ///< kinds of elements, told apart by the value of their key Item
    names       ///< a string: the texts it may be, each with marks of its own
};

enum class value_kind : std::uint8_t { text, integer, real, boolean };
struct constant {
    value_kind kind{};
    std::int64_t integer = 0;
    double real = 0;
    text string;
};
/// A range of the tables' constants.
struct constants {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    [[nodiscard]] std::span<const constant> view() const;
};

enum class text_format : std::uint8_t {
    none,
    uuid,
    https,
    mac_address,
    organization_identifier,
    six_digits
};
enum class text_form : std::uint8_t { none, url, hostname, email };
/// How a key of several configurations becomes one (Apple, "combinetype").
enum class combination : std::uint8_t {
    none,
    boolean_or,
    boolean_and,
    number_min,
    number_max,
    enum_first,
    enum_last,
    first,
    array_append,
    set_union,
    set_intersection
};

inline constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();
inline constexpr double unbounded = std::numeric_limits<double>::infinity();
/// What few nodes have.
struct extra_facts {
    double min = -unbounded, max = unbounded;
    std::uint32_t least_elements = 0, most_elements = unlimited;
    std::uint32_t least_length = 0, most_length = unlimited; ///< characters, or bytes of data
    constants asset_types;
    constants content_types;
    text_format format{};
    text_form form{};
    combination combine{};
};

enum class user_enrollment : std::uint8_t { inherited, allowed, forbidden, required, ignored };
enum class mark : std::uint8_t { inherited, yes, no };
namespace channels {
inline constexpr std::uint8_t inherited = 0, device = 1, user = 2, both = 3;
}
namespace needs {
inline constexpr std::uint8_t supervised = 1, ade = 2, user_approved = 4;
}
namespace enrollments { ///< `allowed-enrollments` of declarations and status items; 0: not stated
inline constexpr std::uint8_t supervised = 1, device = 2, user = 4, local = 8;
}
namespace scopes { ///< `allowed-scopes`; 0: not stated
inline constexpr std::uint8_t system = 1, user = 2;
}

/// A key (or a command as a whole, an element, an allowed text) and the marks in which it differs
/// from what is around it.
struct node {
    static constexpr std::uint16_t right_not_stated = 0xffff;
    static constexpr std::uint16_t right_by_query = 0xfffe;
    static constexpr std::uint16_t no_index = 0xffff;

    text name_; ///< empty for an element and for a free key
    std::uint32_t since_ = 0, deprecated_ = 0, removed_ = 0;
    std::uint32_t first_child_ = 0;
    std::uint16_t children_ = 0;
    std::uint16_t order = 0; ///< its place among its siblings in Apple's file
    constants values_;
    std::uint16_t default_ = no_index;
    std::uint16_t extra_ = no_index;
    std::uint16_t right = right_not_stated; ///< bits of AccessRights, or one of the above
    value_type type{};
    shape_kind shape{};
    std::uint8_t channel = channels::inherited;
    std::uint8_t user_enrollment_ = 0;
    std::uint8_t needs = 0;
    std::uint8_t flags_ = 0;
    std::uint8_t enrollments = 0;
    std::uint8_t scopes = 0;
    std::uint8_t multiple_ = 0, manual_ = 0, skippable_ = 0;

    [[nodiscard]] std::string_view name() const { return name_.view(); }
    [[nodiscard]] version since() const { return version{since_}; }
    [[nodiscard]] version deprecated() const { return version{deprecated_}; }
    [[nodiscard]] version removed() const { return version{removed_}; }
    [[nodiscard]] bool is_required() const { return (flags_ & 1U) != 0; }
    /// It stands for keys of any name.
    [[nodiscard]] bool is_free_key() const { return (flags_ & 2U) != 0; }
    /// Not from Apple's files as they are: see protocol/schema/overlay.json.
    [[nodiscard]] bool is_corrected() const { return (flags_ & 4U) != 0; }
    /// A dictionary in place of the array with one is accepted.
    [[nodiscard]] bool may_be_single() const { return (flags_ & 8U) != 0; }
    [[nodiscard]] user_enrollment in_user_enrollment() const {
        return static_cast<user_enrollment>(user_enrollment_);
    }
    [[nodiscard]] mark allows_multiple() const { return static_cast<mark>(multiple_); }
    [[nodiscard]] mark allows_manual_install() const { return static_cast<mark>(manual_); }
    [[nodiscard]] mark is_always_skippable() const { return static_cast<mark>(skippable_); }
    [[nodiscard]] std::span<const constant> values() const { return values_.view(); }
    [[nodiscard]] const constant* default_value() const; ///< what the Mac assumes; null: nothing
    [[nodiscard]] const extra_facts& extra() const;
    [[nodiscard]] bool has_extra() const { return extra_ != no_index; }
    /// Sorted by name, free keys first.
    [[nodiscard]] std::span<const node> children() const;
    /// As they stand in Apple's file.
    [[nodiscard]] std::vector<const node*> children_in_order() const;
    /// The child of that name; null when there is none (free keys do not count).
    [[nodiscard]] const node* child(std::string_view name) const;
    [[nodiscard]] const node* free_key() const; ///< null when there is none
};

enum class area : std::uint8_t { command, checkin, error, profile, declaration, status, other };
std::string_view to_text(area a);
enum class entry_kind : std::uint8_t {
    none,
    base,
    activation,
    configuration,
    asset,
    credential,
    management,
    protocol,
    envelope
};
std::string_view to_text(entry_kind k);
/// How several configurations of one type are applied.
enum class application : std::uint8_t { none, single, multiple, combined };

/// A status reason code and the keys of its details.
struct reason {
    text code_;
    constants details_;
    [[nodiscard]] std::string_view code() const { return code_.view(); }
    [[nodiscard]] std::span<const constant> details() const { return details_.view(); }
};

/// One command, message, payload type, …
struct entry {
    /// Its name and marks; its children are the keys of the request, or of the content.
    node root;
    text type_;
    std::uint32_t first_answer_ = 0, answers_ = 0;
    std::uint32_t first_reason_ = 0, reasons_ = 0;
    entry_kind kind{};
    application apply{};

    /// Differs from the type where several payloads have one type: "com.apple.MCX(WiFi)".
    [[nodiscard]] std::string_view name() const { return root.name(); }
    [[nodiscard]] std::string_view type() const { return type_.view(); }
    /// Keys of the answer, sorted by name; empty for an answer without any.
    [[nodiscard]] std::span<const node> answer() const;
    [[nodiscard]] std::span<const reason> reasons() const;
};

/// All entries of an area, sorted by type and name.
std::span<const entry> entries(area a);
/// The entry of that name, or else the first of that type; null when there is none.
const entry* find(area a, std::string_view name);
/// All of a type, for payload types that have several.
std::span<const entry> find_all(area a, std::string_view type);
/// A command that macOS knows, of any version.
inline const entry* find_command(std::string_view request_type) {
    return find(area::command, request_type);
}
/// What the tables say they are of.
std::string_view release();

} // namespace pomona::schema
