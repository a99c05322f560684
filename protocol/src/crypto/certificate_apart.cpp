#include "crypto/certificate_apart.hpp"

#include <initializer_list>

namespace pomona::crypto {
namespace {

constexpr std::uint8_t sequence = 0x30;
constexpr std::uint8_t object_identifier = 0x06;
constexpr std::uint8_t context_0 = 0xa0; ///< [0], constructed

/// One element of DER, X.690 section 8.1: identifier, definite length, content.
struct element {
    std::uint8_t tag = 0;
    bytes_view content;
    bytes_view whole;
};

/// Takes the first element off `from`.
std::optional<element> take(bytes_view& from) {
    if (from.size() < 2) {
        return std::nullopt;
    }
    std::size_t header = 2;
    std::size_t length = from[1];
    if (length >= 0x80) {
        const std::size_t octets = length & 0x7fU;
        if (octets == 0 || octets > 4 || from.size() < 2 + octets) {
            return std::nullopt; // indefinite, or absurd
        }
        header += octets;
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) {
            length = length << 8U | from[2 + i];
        }
    }
    if (length > from.size() - header) {
        return std::nullopt;
    }
    const element out{from[0], from.subspan(header, length), from.first(header + length)};
    from = from.subspan(header + length);
    return out;
}

/// The content of the only element there is, when it has this tag.
std::optional<bytes_view> only(bytes_view from, std::uint8_t tag) {
    const auto one = take(from);
    return one && one->tag == tag && from.empty() ? std::optional{one->content} : std::nullopt;
}

bytes wrapped(std::uint8_t tag, std::initializer_list<bytes_view> parts) {
    std::size_t length = 0;
    for (const auto part : parts) {
        length += part.size();
    }
    bytes out{tag};
    if (length < 0x80) {
        out.push_back(static_cast<std::uint8_t>(length));
    } else {
        std::size_t octets = 1;
        while (length >> (8 * octets) != 0) {
            ++octets;
        }
        out.push_back(static_cast<std::uint8_t>(0x80 | octets));
        for (auto i = octets; i-- > 0;) {
            out.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
        }
    }
    out.reserve(out.size() + length);
    for (const auto part : parts) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

} // namespace

std::optional<certificate_apart> take_certificate_out(bytes_view cms) {
    auto info = only(cms, sequence);
    const auto type = info ? take(*info) : std::nullopt;
    auto explicit_content =
        type && type->tag == object_identifier ? only(*info, context_0) : std::nullopt;
    auto signed_data = explicit_content ? only(*explicit_content, sequence) : std::nullopt;
    if (!signed_data) {
        return std::nullopt;
    }
    const auto whole = *signed_data;
    // version, digestAlgorithms, encapContentInfo
    for (int i = 0; i < 3; ++i) {
        if (!take(*signed_data)) {
            return std::nullopt;
        }
    }
    const auto before = whole.first(whole.size() - signed_data->size());
    const auto certificates = take(*signed_data);
    if (!certificates || certificates->tag != context_0 || !only(certificates->content, sequence)) {
        return std::nullopt;
    }
    const auto inner = wrapped(sequence, {before, *signed_data});
    const auto outer = wrapped(context_0, {inner});
    return certificate_apart{certificates->content, wrapped(sequence, {type->whole, outer})};
}

} // namespace pomona::crypto
