// Between the typed tree and libplist's. libplist has no error codes: an out-pointer that stays
// null is the failure, and it has to be null beforehand.
#include "pomona/protocol/plist/codec.hpp"

#include "pomona/foundation/c_handle.hpp"
#include "scan.hpp"
#include "text.hpp"
#include "write_binary.hpp"

#include <plist/plist.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>

namespace pomona::plist {
namespace {

using namespace std::chrono;

using tree_ptr = c_ptr<void, plist_free>;
template <class T>
using malloc_ptr = c_ptr<T, std::free>;

constexpr sys_seconds apple_epoch = sys_days{year{2001} / January / 1};
// Choice: years that nanoseconds do not reach (Foundation's "distant future" is 4001) become the
// last second that they do, or the first whole day.
constexpr sys_seconds first_date = ceil<days>(time_point::min());
constexpr sys_seconds last_date = floor<seconds>(time_point::max());

result<value> from_node(plist_t node);

/// plist_get_date_val has 32 bits: 1932 to 2069. The XML that libplist writes has every year.
result<value> from_date(plist_t node) {
    char* raw = nullptr;
    std::uint32_t length = 0;
    plist_to_xml(node, &raw, &length);
    const malloc_ptr<char> owner{raw};
    const std::string_view xml{raw ? raw : "", length};
    const auto open = std::min(xml.find("<date>"), xml.size());
    const auto close = std::min(xml.find("</date>"), xml.size());
    std::string text{xml.substr(open, close - open)};
    text.erase(0, std::string_view{"<date>"}.size());
    // libplist 2.2 does not pad the year, and 0001 is what other platforms write for "never".
    text.insert(0, 20 - std::min<std::size_t>(text.size(), 20), '0');
    if (!is_date(text)) {
        return fail(errc::malformed, "date");
    }
    const auto number = [&text](std::size_t at, std::size_t digits) {
        int n = 0;
        for (const char c : std::string_view{text}.substr(at, digits)) {
            n = n * 10 + (c - '0');
        }
        return n;
    };
    const sys_seconds exact =
        sys_days{year{number(0, 4)} / month{static_cast<unsigned>(number(5, 2))} /
                 day{static_cast<unsigned>(number(8, 2))}} +
        hours{number(11, 2)} + minutes{number(14, 2)} + seconds{number(17, 2)};
    return value{time_point{std::clamp(exact, first_date, last_date)}};
}

result<value> from_array(plist_t node) {
    plist_array_iter raw = nullptr;
    plist_array_new_iter(node, &raw);
    const malloc_ptr<void> iterator{raw};
    array items;
    items.reserve(plist_array_get_size(node));
    for (;;) {
        plist_t child = nullptr;
        plist_array_next_item(node, raw, &child);
        if (!child) {
            return value{std::move(items)};
        }
        auto item = from_node(child);
        if (!item) {
            return item;
        }
        items.push_back(std::move(*item));
    }
}

result<value> from_dict(plist_t node) {
    plist_dict_iter raw = nullptr;
    plist_dict_new_iter(node, &raw);
    const malloc_ptr<void> iterator{raw};
    std::vector<entry> entries;
    entries.reserve(plist_dict_get_size(node));
    for (;;) {
        char* key = nullptr;
        plist_t child = nullptr;
        plist_dict_next_item(node, raw, &key, &child);
        const malloc_ptr<char> owner{key};
        if (!child) {
            break;
        }
        auto item = from_node(child);
        if (!item) {
            return item;
        }
        entries.push_back({key ? key : "", std::move(*item)});
    }
    auto out = dict::from_entries(std::move(entries));
    if (out.size() == 1 && out.integer("CF$UID")) {
        return fail(errc::unsupported_type, "CF$UID");
    }
    return value{std::move(out)};
}

result<value> from_node(plist_t node) {
    std::uint64_t length = 0;
    switch (plist_get_node_type(node)) {
    case PLIST_BOOLEAN: {
        std::uint8_t flag = 0;
        plist_get_bool_val(node, &flag);
        return value{flag != 0};
    }
    case PLIST_UINT: {
        std::uint64_t number = 0;
        plist_get_uint_val(node, &number);
        return value{static_cast<std::int64_t>(number)};
    }
    case PLIST_REAL: {
        double number = 0;
        plist_get_real_val(node, &number);
        return value{number};
    }
    case PLIST_STRING: {
        const char* text = plist_get_string_ptr(node, &length);
        return value{text ? std::string{text, length} : std::string{}};
    }
    case PLIST_DATA: {
        const auto* data = reinterpret_cast<const std::uint8_t*>(plist_get_data_ptr(node, &length));
        return value{data ? bytes{data, data + length} : bytes{}}; // null for no octets
    }
    case PLIST_DATE:
        return from_date(node);
    case PLIST_ARRAY:
        return from_array(node);
    case PLIST_DICT:
        return from_dict(node);
    default:
        return fail(errc::unsupported_type);
    }
}

plist_t read_xml(std::string_view xml) {
    plist_t node = nullptr;
    plist_from_xml(xml.data(), static_cast<std::uint32_t>(xml.size()), &node);
    return node;
}

plist_t new_scalar(std::string_view name, const std::string& text) {
    const std::string tag{name};
    return read_xml("<plist version=\"1.0\"><" + tag + ">" + text + "</" + tag + "></plist>");
}

struct writer {
    plist_t operator()(const std::string& text) const {
        return plist_new_string(representable(text, form::xml).c_str());
    }
    /// plist_new_uint is for unsigned numbers only.
    plist_t operator()(std::int64_t number) const {
        return number >= 0 ? plist_new_uint(static_cast<std::uint64_t>(number))
                           : new_scalar("integer", std::to_string(number));
    }
    plist_t operator()(double number) const { return plist_new_real(number); }
    plist_t operator()(bool flag) const { return plist_new_bool(flag ? 1 : 0); }
    plist_t operator()(const bytes& data) const {
        return plist_new_data(data.empty() ? "" : reinterpret_cast<const char*>(data.data()),
                              data.size());
    }
    plist_t operator()(time_point date) const {
        const auto whole = std::max(floor<seconds>(date), first_date);
        const auto since = (whole - apple_epoch).count();
        using narrow = std::numeric_limits<std::int32_t>;
        return since >= narrow::min() && since <= narrow::max()
                   ? plist_new_date(static_cast<std::int32_t>(since), 0)
                   : new_scalar("date", to_rfc3339(whole));
    }
    plist_t operator()(const array& items) const {
        plist_t node = plist_new_array();
        for (const auto& item : items) {
            plist_array_append_item(node, std::visit(*this, item.variant()));
        }
        return node;
    }
    plist_t operator()(const dict& entries) const {
        plist_t node = plist_new_dict();
        for (const auto& e : entries) {
            plist_dict_set_item(node, representable(e.key, form::xml).c_str(),
                                std::visit(*this, e.item.variant()));
        }
        return node;
    }
};

std::unexpected<error> wrong_type(std::string_view key, std::string_view expected,
                                  const value& found) {
    return fail(errc::wrong_type, std::string{key} + " must be a " + std::string{expected} +
                                      ", is " + std::string{found.type_name()});
}

template <class T>
result<T> require(const dict& d, std::string_view key, std::string_view expected) {
    const auto* found = d.find(key);
    if (!found) {
        return fail(errc::missing_key, std::string{key});
    }
    const auto* typed = found->get<T>();
    return typed ? result<T>{*typed} : wrong_type(key, expected, *found);
}

} // namespace

result<value> parse(bytes_view data, const limits& bounds) {
    if (auto scanned = scan(data, bounds); !scanned) {
        return std::unexpected(scanned.error());
    }
    auto text = as_text(data);
    plist_t raw = nullptr;
    if (is_binary(data)) {
        plist_from_bin(text.data(), static_cast<std::uint32_t>(text.size()), &raw);
    } else {
        if (text.starts_with(utf8_bom)) {
            text.remove_prefix(utf8_bom.size()); // libplist 2.2 does not know it
        }
        raw = read_xml(text);
    }
    const tree_ptr tree{raw};
    return tree ? from_node(tree.get()) : fail(errc::malformed, "refused by libplist");
}

result<dict> parse_dict(bytes_view data, const limits& bounds) {
    auto root = parse(data, bounds);
    if (!root) {
        return std::unexpected(std::move(root.error()));
    }
    if (auto* d = root->get<dict>()) {
        return std::move(*d);
    }
    return fail(errc::not_a_dictionary, "the root is " + std::string{root->type_name()});
}

bytes to_xml(const value& root) {
    const tree_ptr tree{std::visit(writer{}, root.variant())};
    char* raw = nullptr;
    std::uint32_t length = 0;
    plist_to_xml(tree.get(), &raw, &length);
    const malloc_ptr<char> owner{raw};
    const auto* first = reinterpret_cast<const std::uint8_t*>(raw);
    return raw ? bytes{first, first + length} : bytes{};
}
bytes to_binary(const value& root) {
    return write_binary(root);
}

result<std::string> require_string(const dict& d, std::string_view key) {
    return require<std::string>(d, key, "string");
}
result<bytes> require_data(const dict& d, std::string_view key) {
    return require<bytes>(d, key, "data");
}
result<dict> require_dict(const dict& d, std::string_view key) {
    return require<dict>(d, key, "dictionary");
}

} // namespace pomona::plist
