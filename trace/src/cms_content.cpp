#include "cms_content.hpp"

#include <algorithm>
#include <array>

namespace pomona::trace {
namespace {

constexpr std::uint8_t tag_octets = 0x04;
constexpr std::uint8_t tag_octets_constructed = 0x24;
constexpr std::uint8_t tag_oid = 0x06;
constexpr std::uint8_t tag_sequence = 0x30;
constexpr std::uint8_t tag_context_0 = 0xa0;
/// 1.2.840.113549.1.7.2
constexpr std::array<std::uint8_t, 9> oid_signed_data = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                         0x0d, 0x01, 0x07, 0x02};
constexpr int max_segments_deep = 8;

struct element {
    std::uint8_t tag = 0;
    bytes_view content; ///< of an indefinite one: all that follows, up to the end of the enclosing
    bool indefinite = false; ///< ends with 00 00 (X.690 section 8.1.3.6)
};

/// Reads one element's head and moves `in` behind a definite element; an indefinite one leaves `in`
/// empty.
std::optional<element> take(bytes_view& in) {
    if (in.size() < 2 || (in[0] & 0x1fU) == 0x1fU) {
        return std::nullopt;
    }
    element e;
    e.tag = in[0];
    std::size_t length = in[1];
    std::size_t head = 2;
    if (in[1] == 0x80) {
        e.indefinite = true;
        e.content = in.subspan(2);
        in = {};
        return e;
    }
    if (in[1] > 0x80) {
        const std::size_t count = in[1] & 0x7fU;
        if (count > 4 || in.size() < 2 + count) {
            return std::nullopt;
        }
        length = 0;
        for (std::size_t i = 0; i < count; ++i) {
            length = length << 8U | in[2 + i];
        }
        head += count;
    }
    if (length > in.size() - head) {
        return std::nullopt;
    }
    e.content = in.subspan(head, length);
    in = in.subspan(head + length);
    return e;
}

std::optional<bytes_view> enter(bytes_view& in, std::uint8_t tag) {
    const auto e = take(in);
    return e && e->tag == tag ? std::optional{e->content} : std::nullopt;
}

/// The octets of a primitive or segmented OCTET STRING, appended. `in` must begin at its head;
/// false when malformed.
bool append_octets(bytes_view& in, bytes& out, int depth) {
    const auto e = take(in);
    if (!e || depth > max_segments_deep) {
        return false;
    }
    if (e->tag == tag_octets && !e->indefinite) {
        out.insert(out.end(), e->content.begin(), e->content.end());
        return true;
    }
    if (e->tag != tag_octets_constructed) {
        return false;
    }
    auto inner = e->content;
    while (!inner.empty()) {
        if (e->indefinite && inner.size() >= 2 && inner[0] == 0 && inner[1] == 0) {
            in = inner.subspan(2);
            return true;
        }
        if (!append_octets(inner, out, depth + 1)) {
            return false;
        }
    }
    return !e->indefinite;
}

} // namespace

std::optional<bytes> signed_content(bytes_view cms) {
    auto outer = enter(cms, tag_sequence); // ContentInfo
    if (!outer) {
        return std::nullopt;
    }
    const auto type = enter(*outer, tag_oid);
    if (!type || !std::ranges::equal(*type, oid_signed_data)) {
        return std::nullopt;
    }
    auto explicit_content = enter(*outer, tag_context_0);
    auto signed_data = explicit_content ? enter(*explicit_content, tag_sequence) : std::nullopt;
    // version, digestAlgorithms; none of them is of indefinite length in what anybody sends but the
    // second may be.
    if (!signed_data || !take(*signed_data)) {
        return std::nullopt;
    }
    auto algorithms = take(*signed_data);
    if (!algorithms) {
        return std::nullopt;
    }
    if (algorithms->indefinite) {
        auto rest = algorithms->content;
        while (rest.size() >= 2 && !(rest[0] == 0 && rest[1] == 0)) {
            const auto one = take(rest);
            if (!one || one->indefinite) {
                return std::nullopt;
            }
        }
        if (rest.size() < 2) {
            return std::nullopt;
        }
        *signed_data = rest.subspan(2);
    }
    auto encapsulated = enter(*signed_data, tag_sequence);
    if (!encapsulated || !enter(*encapsulated, tag_oid)) {
        return std::nullopt;
    }
    auto wrapped = enter(*encapsulated, tag_context_0);
    bytes out;
    if (!wrapped || !append_octets(*wrapped, out, 0)) {
        return std::nullopt;
    }
    return out;
}

} // namespace pomona::trace
