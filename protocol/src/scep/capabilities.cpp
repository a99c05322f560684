// GetCACaps (RFC 8894 section 3.5.2): one keyword a line.
#include "pomona/protocol/scep/message.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace pomona::scep {
namespace {

constexpr std::size_t max_text_bytes = std::size_t{64} * 1024;
constexpr std::size_t max_unknown_words = 256;

struct keyword {
    std::string_view text;
    bool capabilities::* member;
};
/// In the order in which they are written. Observed: strongSwan 5.9.8 takes AES and SHA-256 for
/// granted only when the list has SHA-384 also; Apple's client wants a digest it knows.
constexpr std::array keywords{keyword{"AES", &capabilities::aes},
                              keyword{"DES3", &capabilities::des3},
                              keyword{"SHA-1", &capabilities::sha1},
                              keyword{"SHA-256", &capabilities::sha256},
                              keyword{"SHA-384", &capabilities::sha384},
                              keyword{"SHA-512", &capabilities::sha512},
                              keyword{"SCEPStandard", &capabilities::scep_standard},
                              keyword{"POSTPKIOperation", &capabilities::post},
                              keyword{"Renewal", &capabilities::renewal},
                              keyword{"GetNextCACert", &capabilities::next_ca_cert}};

char lower(char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\v\f";
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos
               ? std::string_view{}
               : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void take_word(capabilities& caps, std::string_view word) {
    for (const auto& [text, member] : keywords) {
        if (equal_ignoring_case(word, text)) {
            caps.*member = true;
            return;
        }
    }
    if (caps.unknown.size() < max_unknown_words) {
        caps.unknown.emplace_back(word);
    }
}

} // namespace

capabilities parse_capabilities(std::string_view text) {
    capabilities caps;
    text = text.substr(0, max_text_bytes);
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (const auto word = trim(text.substr(0, end)); !word.empty()) {
            take_word(caps, word);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    // RFC 8894 section 3.5.2: SCEPStandard says that everything mandatory is there.
    if (caps.scep_standard) {
        caps.aes = caps.sha256 = caps.post = true;
    }
    return caps;
}

std::string write_capabilities(const capabilities& caps) {
    // Observed: Apple's tool splits at LF and compares whole words; strongSwan takes an empty line
    // for any keyword. So: LF between the words, and none after the last.
    std::string out;
    const auto add = [&](std::string_view word) {
        out += out.empty() ? "" : "\n";
        out += word;
    };
    for (const auto& [text, member] : keywords) {
        if (caps.*member) {
            add(text);
        }
    }
    for (const auto& word : caps.unknown) {
        add(word);
    }
    return out;
}

} // namespace pomona::scep
