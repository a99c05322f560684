#include "idp/answers.hpp"

#include <algorithm>

namespace pomona::sim::idp {

std::string html_escape(std::string_view text) {
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
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

net::response page(unsigned status, std::string_view title, std::string_view body) {
    net::response out;
    out.status = status;
    out.headers = {{"Content-Type", "text/html; charset=utf-8"},
                   {"Cache-Control", "no-store"},
                   {"Referrer-Policy", "no-referrer"},
                   {"X-Frame-Options", "DENY"}};
    const auto text = html_escape(title);
    out.body = to_bytes("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                        text + "</title></head>\n<body><h1>" + text + "</h1>\n" +
                        std::string{body} + "</body></html>\n");
    return out;
}

net::response wrong_method(std::string_view allowed) {
    auto out = page(405, "Not this method", "");
    out.headers.push_back({"Allow", std::string{allowed}});
    return out;
}

net::response see_other(std::string url) {
    net::response out;
    out.status = 303; // RFC 9700 section 4.12: a POST of credentials is not repeated elsewhere
    out.headers = {{"Location", std::move(url)}, {"Cache-Control", "no-store"}};
    return out;
}

std::optional<form> parameters_of(const net::request& what) {
    std::optional<form> out;
    if (what.method == "GET") {
        const auto mark = what.target.find('?');
        out = read_form(mark == std::string::npos ? std::string_view{}
                                                  : std::string_view{what.target}.substr(mark + 1));
    } else if (what.method == "POST" &&
               net::media_type(what.headers) == "application/x-www-form-urlencoded") {
        out = read_form(as_text(what.body));
    }
    if (out) {
        std::erase_if(*out, [](const form_field& f) { return f.value.empty(); });
    }
    return out;
}

bool has_repeated(const form& fields) {
    for (auto at = fields.begin(); at != fields.end(); ++at) {
        if (std::find_if(at + 1, fields.end(),
                         [&](const form_field& f) { return f.name == at->name; }) != fields.end()) {
            return true;
        }
    }
    return false;
}

std::string text_of(const form& fields, std::string_view name) {
    const auto* found = find_field(fields, name);
    return found == nullptr ? std::string{} : *found;
}

std::string with_query(std::string url, const form& fields) {
    url += url.find('?') == std::string::npos ? '?' : '&';
    return url + write_form(fields);
}

} // namespace pomona::sim::idp
