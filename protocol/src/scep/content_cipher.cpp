// Finds the content cipher of an EnvelopedData (RFC 5652 section 6.1): OpenSSL 3.0 has no function
// for it, and the policy has to be applied before anything is decrypted.
#include "scep/pki_message.hpp"

#include <algorithm>
#include <array>

namespace pomona::scep {
namespace {

constexpr std::uint8_t tag_integer = 0x02;
constexpr std::uint8_t tag_oid = 0x06;
constexpr std::uint8_t tag_sequence = 0x30;
constexpr std::uint8_t tag_set = 0x31;
constexpr std::uint8_t tag_context_0 = 0xa0;
constexpr int max_depth = 32;

/// A BER tag and length. Only one-octet tags: EnvelopedData has no others.
struct header {
    std::uint8_t tag = 0;
    std::size_t size = 0;   ///< octets of tag and length
    std::size_t length = 0; ///< octets of the content; meaningless when indefinite
    bool indefinite = false;
};

std::optional<header> read_header(bytes_view data) {
    if (data.size() < 2 || (data[0] & 0x1f) == 0x1f) {
        return std::nullopt;
    }
    header out{.tag = data[0], .size = 2, .length = data[1], .indefinite = data[1] == 0x80};
    if (out.indefinite) {
        // X.690 section 8.1.3.2: only for constructed encodings.
        return (data[0] & 0x20) != 0 ? std::optional{out} : std::nullopt;
    }
    if (data[1] > 0x80) {
        const std::size_t octets = data[1] & 0x7fU;
        if (octets > 4 || data.size() < 2 + octets) {
            return std::nullopt;
        }
        out.length = 0;
        for (std::size_t i = 0; i < octets; ++i) {
            out.length = (out.length << 8) | data[2 + i];
        }
        out.size += octets;
    }
    return out.length <= data.size() - out.size ? std::optional{out} : std::nullopt;
}

/// What follows the first element of `data`.
std::optional<bytes_view> after(bytes_view data, int depth = 0) {
    const auto first = read_header(data);
    if (!first || depth > max_depth) {
        return std::nullopt;
    }
    if (!first->indefinite) {
        return data.subspan(first->size + first->length);
    }
    auto rest = data.subspan(first->size);
    while (rest.size() >= 2 && (rest[0] != 0 || rest[1] != 0)) {
        const auto next = after(rest, depth + 1);
        if (!next) {
            return std::nullopt;
        }
        rest = *next;
    }
    return rest.size() >= 2 ? std::optional{rest.subspan(2)} : std::nullopt;
}

/// The content of the first element, which has to have `tag`; of an indefinite one, all that
/// follows.
std::optional<bytes_view> inside(std::optional<bytes_view> data, std::uint8_t tag) {
    const auto first = data ? read_header(*data) : std::nullopt;
    if (!first || first->tag != tag) {
        return std::nullopt;
    }
    return first->indefinite ? data->subspan(first->size)
                             : data->subspan(first->size, first->length);
}

std::optional<bytes_view> skip(std::optional<bytes_view> data, std::uint8_t tag) {
    return data && !data->empty() && data->front() == tag ? after(*data) : std::nullopt;
}

/// ContentInfo > [0] > EnvelopedData > EncryptedContentInfo > AlgorithmIdentifier > OID.
std::optional<bytes_view> cipher_oid(bytes_view envelope) {
    const auto content_info = inside(envelope, tag_sequence);
    const auto enveloped = inside(inside(skip(content_info, tag_oid), tag_context_0), tag_sequence);
    auto fields = skip(enveloped, tag_integer);
    if (fields && !fields->empty() && fields->front() == tag_context_0) {
        fields = after(*fields); // originatorInfo
    }
    const auto encrypted = inside(skip(fields, tag_set), tag_sequence);
    return inside(inside(skip(encrypted, tag_oid), tag_sequence), tag_oid);
}

struct known_cipher {
    std::array<std::uint8_t, 9> oid;
    std::size_t size;
    cipher value;
};
constexpr std::array known_ciphers{
    // 2.16.840.1.101.3.4.1.2 and .42, 1.2.840.113549.3.7, 1.3.14.3.2.7
    known_cipher{{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02}, 9, cipher::aes_128_cbc},
    known_cipher{{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a}, 9, cipher::aes_256_cbc},
    known_cipher{{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07}, 8, cipher::des3_cbc},
    known_cipher{{0x2b, 0x0e, 0x03, 0x02, 0x07}, 5, cipher::des_cbc}};

} // namespace

result<cipher> content_cipher_of(bytes_view envelope) {
    const auto oid = cipher_oid(envelope);
    if (!oid) {
        return fail(errc::malformed, "EnvelopedData");
    }
    for (const auto& known : known_ciphers) {
        if (std::ranges::equal(*oid, bytes_view{known.oid}.first(known.size))) {
            return known.value;
        }
    }
    // RFC 8894 section 2.9 has AES-128-CBC and, for old peers, 3DES.
    return fail(errc::refused_algorithm, "content cipher");
}

} // namespace pomona::scep
