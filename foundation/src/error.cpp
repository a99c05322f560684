#include "pomona/foundation/error.hpp"

#include <cstdio>

namespace pomona {

std::string escape(std::string_view text, std::size_t max_bytes) {
    std::string out;
    const auto shown = text.substr(0, max_bytes);
    for (const char c : shown) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '\\') {
            out += c;
        } else {
            char buffer[5];
            std::snprintf(buffer, sizeof buffer, "\\x%02x", byte);
            out += buffer;
        }
    }
    if (shown.size() < text.size()) {
        out += "...";
    }
    return out;
}

std::string error::message() const {
    std::string out = code.message();
    if (!detail.empty()) {
        out += ": " + detail;
    }
    if (!peer.empty()) {
        out += " (peer said \"" + escape(peer) + "\")";
    }
    return out;
}

} // namespace pomona
