#include "predicate/text_match.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace pomona::predicate {
namespace {

constexpr char32_t replacement = 0xFFFD;

/// U+00C0 to U+017F without diacritics; 0: stays (ligatures, thorn, eth, signs).
constexpr char latin_bases[] = "AAAAAA\0CEEEEIIII\0NOOOOO\0\0UUUUY\0\0"
                               "aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0y"
                               "AaAaAaCcCcCcCcDd\0\0EeEeEeEeEeGgGg"
                               "GgGgHh\0\0IiIiIiIiI\0\0\0JjKk\0LlLlLl\0"
                               "\0\0\0NnNnNn\0\0\0OoOoOo\0\0RrRrRrSsSsSs"
                               "SsTtTt\0\0UuUuUuUuUuUuWwYyYZzZzZz\0";
constexpr std::string_view latin_base{latin_bases, sizeof latin_bases - 1};
static_assert(latin_base.size() == 0x180 - 0xC0);

char32_t without_diacritic(char32_t c) {
    constexpr char32_t first = 0xC0;
    if (c < first || c - first >= latin_base.size()) {
        return c;
    }
    const auto base = latin_base[c - first];
    return base == 0 ? c : static_cast<char32_t>(base);
}

bool is_combining(char32_t c) {
    return c >= 0x300 && c <= 0x36F;
}

/// Length of the sequence that begins with `lead`; 0: none does.
std::size_t sequence_length(std::uint8_t lead) {
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

} // namespace

std::u32string decode(std::string_view text) {
    std::u32string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<std::uint8_t>(text[at]);
        const auto length = sequence_length(lead);
        if (length == 0 || at + length > text.size()) {
            out.push_back(replacement);
            ++at;
            continue;
        }
        char32_t c = length == 1 ? lead : lead & (0x7FU >> length);
        bool sound = true;
        for (std::size_t i = 1; i < length; ++i) {
            const auto next = static_cast<std::uint8_t>(text[at + i]);
            sound = sound && (next & 0xC0U) == 0x80U;
            c = (c << 6U) | (next & 0x3FU);
        }
        out.push_back(sound ? c : replacement);
        at += sound ? length : 1;
    }
    return out;
}

char32_t lower(char32_t c) {
    if (c >= U'A' && c <= U'Z') {
        return c + 32;
    }
    if (c < 0xC0) {
        return c;
    }
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3AB && c != 0x3A2) ||
        (c >= 0x410 && c <= 0x42F)) {
        return c + 32;
    }
    if (c >= 0x400 && c <= 0x40F) {
        return c + 80;
    }
    if (c == 0x178) {
        return 0xFF;
    }
    // Pairs: upper case even, but odd where a single letter has shifted them.
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) {
        return c % 2 == 1 ? c + 1 : c;
    }
    return c >= 0x100 && c <= 0x177 && c != 0x138 && c % 2 == 0 ? c + 1 : c;
}

std::u32string fold(std::string_view text, match_options how) {
    auto out = decode(text);
    if (how.ignore_diacritics) {
        std::erase_if(out, is_combining);
        for (auto& c : out) {
            c = without_diacritic(c);
        }
    }
    if (how.ignore_case) {
        for (auto& c : out) {
            c = lower(c);
        }
    }
    return out;
}

bool like(std::u32string_view text, std::u32string_view wild) {
    struct element {
        char32_t c;
        enum class what : std::uint8_t { literal, any, many } is;
    };
    std::vector<element> elements;
    for (std::size_t i = 0; i < wild.size(); ++i) {
        using what = element::what;
        if (wild[i] == U'\\' && i + 1 < wild.size()) {
            elements.push_back({wild[++i], what::literal});
        } else if (wild[i] == U'?') {
            elements.push_back({0, what::any});
        } else if (wild[i] == U'*') {
            if (elements.empty() || elements.back().is != what::many) {
                elements.push_back({0, what::many});
            }
        } else {
            elements.push_back({wild[i], what::literal});
        }
    }
    std::size_t at = 0;
    std::size_t in = 0;
    std::size_t star = elements.size();
    std::size_t resume = 0;
    while (at < text.size()) {
        if (in < elements.size() && elements[in].is == element::what::many) {
            star = in++;
            resume = at;
        } else if (in < elements.size() &&
                   (elements[in].is == element::what::any || elements[in].c == text[at])) {
            ++in;
            ++at;
        } else if (star < elements.size()) { // only the last * is tried anew: text times wild
            in = star + 1;
            at = ++resume;
        } else {
            return false;
        }
    }
    while (in < elements.size() && elements[in].is == element::what::many) {
        ++in;
    }
    return in == elements.size();
}

} // namespace pomona::predicate
