// The grammar of the XML form: which element may stand where, how deep, how many, with what
// content.
#include "scan.hpp"
#include "text.hpp"
#include "xml_lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace pomona::plist {
namespace {

enum class container { plist, array, dict };

struct open_element {
    container kind{};
    bool has_item = false; ///< plist: its one root was seen
    bool has_key = false;  ///< dict: a key waits for its value
};

class scanner : xml_lexer {
  public:
    scanner(std::string_view text, const limits& bounds) : xml_lexer{text}, bounds_{bounds} {}

    result<void> run() {
        if (auto done = prolog(); !done) {
            return done;
        }
        while (!open_.empty()) {
            if (auto done = step(); !done) {
                return done;
            }
        }
        return epilog();
    }

  private:
    result<void> prolog();
    result<void> epilog();
    result<void> step();
    result<void> close(const tag& t);
    result<void> item(const tag& t);
    result<void> place(const tag& t);
    result<void> scalar(const tag& t);
    result<void> text_content(const tag& t);
    result<void> plain_content(const tag& t);
    result<void> entities(std::string_view run);
    result<void> end_of(std::string_view name);

    const limits& bounds_;
    std::size_t nodes_ = 0;
    std::vector<open_element> open_;
};

result<void> scanner::prolog() {
    skip_space();
    if (next_is("<?xml")) {
        if (auto done = declaration(); !done) {
            return done;
        }
    }
    bool has_doctype = false;
    for (skip_space(); at_ < text_.size(); skip_space()) {
        result<void> done;
        if (next_is("<!--")) {
            done = comment();
        } else if (next_is("<?")) {
            done = instruction();
        } else if (next_is("<!DOCTYPE") && !has_doctype) {
            has_doctype = true;
            done = doctype();
        } else {
            break;
        }
        if (!done) {
            return done;
        }
    }
    if (!next_is("<plist")) {
        return fail(errc::not_a_plist, "no <plist> element");
    }
    auto root = read_tag();
    if (!root) {
        return std::unexpected(root.error());
    }
    if (root->name != "plist" || root->empty) {
        return fail(errc::not_a_plist, "no <plist> element with content");
    }
    open_.push_back({container::plist});
    return {};
}

result<void> scanner::epilog() {
    for (skip_space(); at_ < text_.size(); skip_space()) {
        if (!next_is("<!--")) {
            return bad("text after </plist>");
        }
        if (auto done = comment(); !done) {
            return done;
        }
    }
    return {};
}

result<void> scanner::step() {
    skip_space();
    if (at_ == text_.size()) {
        return bad("truncated document");
    }
    if (next_is("<!--")) {
        return comment();
    }
    if (next_is("<?")) {
        return instruction();
    }
    if (!next_is("<") || next_is("<!")) {
        return bad("text between elements");
    }
    auto t = read_tag();
    if (!t) {
        return std::unexpected(t.error());
    }
    return t->closing ? close(*t) : item(*t);
}

result<void> scanner::close(const tag& t) {
    constexpr std::array<std::string_view, 3> names{"plist", "array", "dict"};
    const auto top = open_.back();
    if (t.name != names[static_cast<std::size_t>(top.kind)]) {
        return bad("mismatched closing tag");
    }
    if (top.has_key) {
        return bad("key without a value");
    }
    if (top.kind == container::plist && !top.has_item) {
        return bad("empty <plist>");
    }
    open_.pop_back();
    return {};
}

/// Is an element of this name allowed where we are?
result<void> scanner::place(const tag& t) {
    auto& parent = open_.back();
    if (parent.kind == container::plist && std::exchange(parent.has_item, true)) {
        return bad("more than one root element");
    }
    const bool is_key = t.name == "key";
    if (parent.kind == container::dict) {
        if (is_key == parent.has_key) {
            return bad(is_key ? "two keys in a row" : "value without a key");
        }
        parent.has_key = is_key;
    } else if (is_key) {
        return bad("<key> outside of a dictionary");
    }
    if (++nodes_ > bounds_.max_nodes) {
        return fail(errc::too_many_nodes, "at most " + std::to_string(bounds_.max_nodes));
    }
    return {};
}

result<void> scanner::item(const tag& t) {
    if (auto done = place(t); !done) {
        return done;
    }
    if (t.name != "dict" && t.name != "array") {
        return scalar(t);
    }
    if (open_.size() > bounds_.max_depth) {
        return fail(errc::too_deep, "at most " + std::to_string(bounds_.max_depth) + " levels");
    }
    if (!t.empty) {
        open_.push_back({t.name == "dict" ? container::dict : container::array});
    }
    return {};
}

result<void> scanner::scalar(const tag& t) {
    if (t.name == "string" || t.name == "key") {
        if (t.empty && t.name == "key") {
            return bad("<key/>"); // libplist 2.2 refuses it; an empty key is <key></key>
        }
        return t.empty ? result<void>{} : text_content(t);
    }
    constexpr std::array<std::string_view, 6> plain{"true", "false", "integer",
                                                    "real", "date",  "data"};
    if (std::ranges::find(plain, t.name) == plain.end()) {
        return fail(errc::malformed, "unknown element", std::string{t.name});
    }
    return plain_content(t);
}

/// Character data with entities, CDATA sections and comments.
result<void> scanner::text_content(const tag& t) {
    for (;;) {
        const auto next = text_.find('<', at_);
        if (next == std::string_view::npos) {
            return bad("truncated document");
        }
        if (auto done = entities(text_.substr(at_, next - at_)); !done) {
            return done;
        }
        at_ = next;
        if (next_is("<!--")) {
            if (auto done = comment(); !done) {
                return done;
            }
        } else if (next_is("<![CDATA[")) {
            if (!skip_past("]]>")) {
                return bad("unterminated CDATA section");
            }
        } else {
            return end_of(t.name);
        }
    }
}

result<void> scanner::entities(std::string_view run) {
    constexpr std::array<std::string_view, 5> named{"amp", "lt", "gt", "quot", "apos"};
    for (auto from = run.find('&'); from != std::string_view::npos;
         from = run.find('&', from + 1)) {
        const auto end = run.substr(from, 12).find(';');
        if (end == std::string_view::npos) {
            return bad("unterminated entity");
        }
        auto name = run.substr(from + 1, end - 1);
        if (!name.starts_with('#')) {
            if (std::ranges::find(named, name) == named.end()) {
                return bad("unknown entity");
            }
            continue;
        }
        name.remove_prefix(1);
        const bool hex = name.starts_with('x');
        name.remove_prefix(hex ? 1 : 0);
        std::uint32_t code = 0;
        const auto [stop, status] =
            std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
        if (status != std::errc{} || stop != name.data() + name.size() || code == 0 ||
            code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
            return bad("bad character reference");
        }
    }
    return {};
}

result<void> scanner::plain_content(const tag& t) {
    std::string_view content;
    if (!t.empty) {
        const auto next = text_.find('<', at_);
        if (next == std::string_view::npos) {
            return bad("truncated document");
        }
        content = trim(text_.substr(at_, next - at_));
        at_ = next;
        if (auto done = end_of(t.name); !done) {
            return done;
        }
    }
    if (t.name == "integer") {
        return check_integer(content);
    }
    const bool good = t.name == "real"   ? is_real(content)
                      : t.name == "date" ? is_date(content)
                      : t.name == "data" ? is_data(content)
                                         : content.empty();
    return good ? result<void>{} : bad("bad content of <" + std::string{t.name} + ">");
}

result<void> scanner::end_of(std::string_view name) {
    auto t = read_tag();
    if (!t) {
        return std::unexpected(t.error());
    }
    if (!t->closing || t->name != name) {
        return bad("expected </" + std::string{name} + ">");
    }
    return {};
}

} // namespace

result<void> scan_xml(bytes_view data, const limits& bounds) {
    auto text = as_text(data);
    if (text.starts_with(utf8_bom)) {
        text.remove_prefix(utf8_bom.size());
    }
    if (!trim(text).starts_with('<')) {
        return fail(errc::not_a_plist, "neither XML nor binary");
    }
    if (!is_plain_utf8(as_bytes(text))) {
        return fail(errc::malformed, "not UTF-8, or with a NUL");
    }
    return scanner{text, bounds}.run();
}

} // namespace pomona::plist
