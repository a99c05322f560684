#include "pomona/reports/html.hpp"

#include "html_data.hpp"
#include "page.hpp"

namespace pomona::reports {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

void append(std::string& to, std::span<const std::string_view> parts) {
    for (const auto part : parts) {
        to += part;
    }
}

} // namespace

std::string html(const html_input& input) {
    std::string out;
    append(out, page::before_title());
    out += escaped(std::string{checks::to_text(input.run->verdict)} + ": " + input.run->name);
    append(out, page::before_data());
    out += page_data(input);
    append(out, page::after_data());
    return out;
}

} // namespace pomona::reports
