#include "pomona/foundation/encoding.hpp"

#include <openssl/evp.h>

namespace pomona {
namespace {

std::string hex_with(bytes_view data, const char* digits) {
    std::string out;
    out.reserve(data.size() * 2);
    for (const auto byte : data) {
        out += digits[byte >> 4];
        out += digits[byte & 0xf];
    }
    return out;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool is_base64_char(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

} // namespace

std::string to_hex(bytes_view data) {
    return hex_with(data, "0123456789abcdef");
}

std::string to_hex_upper(bytes_view data) {
    return hex_with(data, "0123456789ABCDEF");
}

std::optional<bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    bytes out(text.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = hex_value(text[2 * i]);
        const int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        out[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return out;
}

std::string to_base64(bytes_view data) {
    std::string out((data.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), data.data(),
                                       static_cast<int>(data.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::string to_base64url(bytes_view data) {
    auto out = to_base64(data);
    while (out.ends_with('=')) {
        out.pop_back();
    }
    for (auto& c : out) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return out;
}

std::optional<bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
        ++padding;
    }
    for (const char c : text.substr(0, text.size() - padding)) {
        // EVP_DecodeBlock skips white space and stops at '-': neither is strict.
        if (!is_base64_char(c)) {
            return std::nullopt;
        }
    }
    bytes out(text.size() / 4 * 3);
    const int length =
        EVP_DecodeBlock(out.data(), as_bytes(text).data(), static_cast<int>(text.size()));
    if (length < 0) {
        return std::nullopt;
    }
    out.resize(static_cast<std::size_t>(length) - padding);
    return out;
}

std::optional<bytes> from_base64_liberal(std::string_view text, bool space_is_plus) {
    std::string clean;
    clean.reserve(text.size() + 3);
    for (char c : text) {
        if (c == ' ' && space_is_plus) {
            c = '+';
        }
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '=') {
            continue;
        }
        clean += c == '-' ? '+' : c == '_' ? '/' : c;
    }
    if (clean.size() % 4 == 1) {
        return std::nullopt;
    }
    while (clean.size() % 4 != 0) {
        clean += '=';
    }
    return from_base64(clean);
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                                c == '~';
        if (unreserved) {
            out += c;
        } else {
            out += '%' + to_hex_upper(as_bytes({&c, 1}));
        }
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto byte = from_hex(text.substr(i + 1, 2));
        if (!byte || byte->size() != 1) {
            return std::nullopt;
        }
        out += static_cast<char>(byte->front());
        i += 2;
    }
    return out;
}

} // namespace pomona
