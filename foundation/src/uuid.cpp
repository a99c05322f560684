#include "pomona/foundation/uuid.hpp"

#include "pomona/foundation/encoding.hpp"

namespace pomona {

std::string make_uuid(std::array<std::uint8_t, 16> random) {
    random[6] =
        static_cast<std::uint8_t>((random[6] & 0x0f) | 0x40); // RFC 9562 section 5.4: version
    random[8] = static_cast<std::uint8_t>((random[8] & 0x3f) | 0x80); // and variant
    const auto hex = to_hex_upper(random);
    return hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' +
           hex.substr(16, 4) + '-' + hex.substr(20);
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f') ||
                         (text[i] >= 'A' && text[i] <= 'F');
        if (dash ? text[i] != '-' : !hex) {
            return false;
        }
    }
    return true;
}

} // namespace pomona
