#include "xml_lexer.hpp"

#include <algorithm>

namespace pomona::plist {
namespace {

bool equal_no_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        const auto lower = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        };
        return lower(x) == lower(y);
    });
}

} // namespace

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

/// XML 1.0 section 2.8, the XML declaration: only its encoding matters here.
result<void> xml_lexer::declaration() {
    const auto end = text_.find("?>", at_);
    if (end == std::string_view::npos) {
        return bad("unterminated XML declaration");
    }
    const auto inside = text_.substr(at_ + 5, end - at_ - 5);
    if (auto done = attributes(inside); !done) {
        return done;
    }
    if (const auto name = inside.find("encoding"); name != std::string_view::npos) {
        const auto open = inside.find_first_of("\"'", name);
        const auto close =
            open == std::string_view::npos ? open : inside.find(inside[open], open + 1);
        if (close == std::string_view::npos) {
            return bad("encoding without a value");
        }
        const auto encoding = inside.substr(open + 1, close - open - 1);
        if (!equal_no_case(encoding, "UTF-8") && !equal_no_case(encoding, "US-ASCII")) {
            return fail(errc::malformed, "encoding is not UTF-8", std::string{encoding});
        }
    }
    at_ = end + 2;
    return {};
}

/// An external identifier only. With an internal subset come entity declarations, and with those
/// documents that grow when they are read.
result<void> xml_lexer::doctype() {
    const auto end = text_.find('>', at_);
    if (end == std::string_view::npos) {
        return bad("unterminated DOCTYPE");
    }
    const auto inside = text_.substr(at_ + 9, end - at_ - 9);
    if (inside.find_first_of("[<") != std::string_view::npos) {
        return bad("DOCTYPE with an internal subset");
    }
    if (std::ranges::count(inside, '"') % 2 != 0 || inside.contains('\'')) {
        return bad("DOCTYPE with unbalanced quotes");
    }
    const auto name = trim(inside).substr(0, 5);
    if (inside.empty() || !white_space.contains(inside[0]) || name != "plist") {
        return fail(errc::not_a_plist, "DOCTYPE is not plist");
    }
    at_ = end + 1;
    return {};
}

result<void> xml_lexer::comment() {
    at_ += 4;
    const auto start = at_;
    // XML 1.0 section 2.5: "--" ends a comment and may stand nowhere else in it.
    if (!skip_past("--") || !next_is(">") || text_.substr(start).starts_with('>')) {
        return bad("unterminated comment, or one with a double hyphen");
    }
    ++at_;
    return {};
}

result<void> xml_lexer::instruction() {
    const auto start = at_;
    if (!skip_past("?>")) {
        return bad("unterminated processing instruction");
    }
    const auto inside = text_.substr(start + 2, at_ - start - 4);
    if (inside.find_first_of("\"'<>") != std::string_view::npos) {
        return bad("processing instruction with quotes or tags");
    }
    return {};
}

result<tag> xml_lexer::read_tag() {
    const auto end = text_.find('>', at_);
    if (end == std::string_view::npos) {
        return bad("unterminated tag");
    }
    auto inside = text_.substr(at_ + 1, end - at_ - 1);
    tag out;
    if (inside.starts_with('/')) {
        out.closing = true;
        inside.remove_prefix(1);
    } else if (inside.ends_with('/')) {
        out.empty = true;
        inside.remove_suffix(1);
    }
    const auto length = std::min(inside.find_first_of(white_space), inside.size());
    out.name = inside.substr(0, length);
    inside.remove_prefix(length);
    if (out.closing ? !trim(inside).empty() : !attributes(inside)) {
        return bad("malformed tag");
    }
    at_ = end + 1;
    return out;
}

/// name="value" pairs; values without tags in them, so that no reader can see another end of tag.
result<void> xml_lexer::attributes(std::string_view inside) {
    for (inside = trim(inside); !inside.empty(); inside = trim(inside)) {
        const auto equals = inside.find('=');
        if (equals == std::string_view::npos || equals == 0 ||
            inside.substr(0, equals).find_first_of("\"'<>&/?") != std::string_view::npos) {
            return bad("malformed attribute");
        }
        inside = trim(inside.substr(equals + 1));
        if (inside.empty() || (inside[0] != '"' && inside[0] != '\'')) {
            return bad("attribute without quotes");
        }
        const auto close = inside.find(inside[0], 1);
        if (close == std::string_view::npos ||
            inside.substr(1, close - 1).find_first_of("<>\"'") != std::string_view::npos) {
            return bad("malformed attribute value");
        }
        inside.remove_prefix(close + 1);
    }
    return {};
}

} // namespace pomona::plist
