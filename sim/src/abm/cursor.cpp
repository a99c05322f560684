#include "abm/cursor.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <array>
#include <charconv>

namespace pomona::sim::abm {
namespace {

constexpr std::size_t seal_bytes = 8;
constexpr std::size_t max_cursor_bytes = 1000; ///< Apple, "Fetch Devices"

bytes seal_of(std::string_view text, bytes_view key) {
    auto out = crypto::hmac_sha256(key, as_bytes(text));
    out.resize(seal_bytes);
    return out;
}

/// The next field of `rest`, up to a '|' or the end.
std::string_view next_field(std::string_view& rest) {
    const auto bar = rest.find('|');
    const auto out = rest.substr(0, bar);
    rest.remove_prefix(bar == std::string_view::npos ? rest.size() : bar + 1);
    return out;
}

template <class T>
bool read_number(std::string_view text, T& into) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
    return failed == std::errc{} && end == text.data() + text.size();
}

} // namespace

std::string write_cursor(const cursor& c, bytes_view key) {
    auto text = std::string{static_cast<char>(c.kind)} + '|' + c.server + '|' +
                std::to_string(c.after) + '|' + std::to_string(c.until) + '|' +
                std::to_string(c.issued.time_since_epoch().count());
    const auto seal = seal_of(text, key);
    text.append(seal.begin(), seal.end());
    return to_base64(as_bytes(text));
}

std::optional<cursor> read_cursor(std::string_view text, bytes_view key) {
    if (text.size() > max_cursor_bytes) {
        return std::nullopt;
    }
    const auto raw = from_base64(text);
    if (!raw || raw->size() <= seal_bytes) {
        return std::nullopt;
    }
    const std::string body{raw->begin(), raw->end() - seal_bytes};
    const bytes seal{raw->end() - seal_bytes, raw->end()};
    if (!crypto::equal_constant_time(seal, seal_of(body, key))) {
        return std::nullopt;
    }
    std::string_view rest = body;
    cursor out;
    const auto kind = next_field(rest);
    out.server = next_field(rest);
    std::int64_t issued = 0;
    if (kind.size() != 1 || !read_number(next_field(rest), out.after) ||
        !read_number(next_field(rest), out.until) || !read_number(next_field(rest), issued)) {
        return std::nullopt;
    }
    out.kind = static_cast<cursor_kind>(kind.front());
    out.issued = time_point{duration{issued}};
    return out;
}

} // namespace pomona::sim::abm
