#include "mac/html_forms.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace pomona::sim::mac {
namespace {

constexpr std::size_t max_forms = 20;
constexpr std::size_t max_controls = 100;
constexpr std::size_t max_attributes = 100;

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

void put_utf8(std::string& out, std::uint32_t code) {
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        code = 0xfffd; // HTML section 13.2.5.80
    }
    const auto tail = [&](unsigned shift) {
        out += static_cast<char>(0x80U | ((code >> shift) & 0x3fU));
    };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0U | (code >> 6U));
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0U | (code >> 12U));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xf0U | (code >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

/// A character reference without '&' and ';'; false when it is none of those known here.
bool put_reference(std::string& out, std::string_view name) {
    constexpr std::array<std::pair<std::string_view, char>, 5> known{
        {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
    for (const auto& [word, c] : known) {
        if (word == name) {
            out += c;
            return true;
        }
    }
    if (!name.starts_with('#')) {
        return false;
    }
    const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
    const auto digits = name.substr(hex ? 2 : 1);
    std::uint32_t code = 0;
    const auto [end, failed] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    if (failed != std::errc{} || end != digits.data() + digits.size()) {
        return false;
    }
    put_utf8(out, code);
    return true;
}

std::string unescape(std::string_view text) {
    constexpr std::size_t longest = 10;
    std::string out;
    while (!text.empty()) {
        const auto amp = std::min(text.find('&'), text.size());
        out += text.substr(0, amp);
        text.remove_prefix(amp);
        if (text.empty()) {
            break;
        }
        const auto end = text.find(';');
        if (end != std::string_view::npos && end <= longest &&
            put_reference(out, text.substr(1, end - 1))) {
            text.remove_prefix(end + 1);
        } else {
            out += '&';
            text.remove_prefix(1);
        }
    }
    return out;
}

struct tag {
    std::string name; ///< lower case; "/form" of an end tag
    std::vector<std::pair<std::string, std::string>> attributes;
    [[nodiscard]] const std::string* find(std::string_view key) const {
        for (const auto& [name_, value] : attributes) {
            if (name_ == key) {
                return &value;
            }
        }
        return nullptr;
    }
    [[nodiscard]] std::string text(std::string_view key) const {
        const auto* found = find(key);
        return found == nullptr ? std::string{} : *found;
    }
};

class scanner {
  public:
    explicit scanner(std::string_view page) : rest_{page} {}

    /// The next tag; nullopt at the end.
    std::optional<tag> next() {
        for (;;) {
            const auto begin = rest_.find('<');
            if (begin == std::string_view::npos) {
                return std::nullopt;
            }
            rest_.remove_prefix(begin + 1);
            if (rest_.starts_with("!--")) {
                skip_behind("-->");
            } else if (!rest_.empty() && (is_letter(rest_.front()) || rest_.front() == '/')) {
                auto found = read();
                if (found.name == "script" || found.name == "style") {
                    skip_to_end_of(found.name);
                }
                return found;
            }
        }
    }

  private:
    static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

    void skip_behind(std::string_view what) {
        const auto at = rest_.find(what);
        rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + what.size());
    }
    void skip_to_end_of(const std::string& name) {
        while (!rest_.empty()) {
            skip_behind("</");
            if (lower(rest_.substr(0, name.size())) == name) {
                return;
            }
        }
    }
    std::string_view take_while(auto holds) {
        const auto end =
            static_cast<std::size_t>(std::ranges::find_if_not(rest_, holds) - rest_.begin());
        const auto out = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return out;
    }
    tag read() {
        tag out;
        const bool is_end = rest_.starts_with('/');
        if (is_end) {
            rest_.remove_prefix(1);
        }
        out.name = (is_end ? "/" : "") +
                   lower(take_while([](char c) { return !is_space(c) && c != '>' && c != '/'; }));
        while (!rest_.empty()) {
            take_while([](char c) { return is_space(c) || c == '/'; });
            if (rest_.empty() || rest_.front() == '>') {
                break;
            }
            read_attribute(out);
        }
        return out;
    }
    void read_attribute(tag& into) {
        auto name = lower(
            take_while([](char c) { return !is_space(c) && c != '>' && c != '/' && c != '='; }));
        take_while(is_space);
        std::string value;
        if (rest_.starts_with('=')) {
            rest_.remove_prefix(1);
            take_while(is_space);
            if (!rest_.empty() && (rest_.front() == '"' || rest_.front() == '\'')) {
                const char quote = rest_.front();
                rest_.remove_prefix(1);
                value = unescape(take_while([quote](char c) { return c != quote; }));
                rest_.remove_prefix(rest_.empty() ? 0 : 1);
            } else {
                value = unescape(take_while([](char c) { return !is_space(c) && c != '>'; }));
            }
        }
        // The first of a name counts (HTML section 13.2.5.33).
        if (into.attributes.size() < max_attributes && into.find(name) == nullptr) {
            into.attributes.emplace_back(std::move(name), std::move(value));
        }
    }

    std::string_view rest_;
};

} // namespace

std::vector<html_form> read_html_forms(std::string_view page) {
    std::vector<html_form> out;
    bool inside = false;
    scanner tags{page};
    while (auto t = tags.next()) {
        if (t->name == "form" && out.size() < max_forms) {
            out.push_back({.action = t->text("action"),
                           .is_post = lower(t->text("method")) == "post",
                           .controls = {}});
            inside = true;
        } else if (t->name == "/form") {
            inside = false;
        } else if (inside && (t->name == "input" || t->name == "button") &&
                   t->find("disabled") == nullptr && out.back().controls.size() < max_controls) {
            auto type = lower(t->text("type"));
            if (type.empty()) {
                type = t->name == "button" ? "submit" : "text";
            }
            out.back().controls.push_back(
                {.type = std::move(type), .name = t->text("name"), .value = t->text("value")});
        }
    }
    return out;
}

} // namespace pomona::sim::mac
