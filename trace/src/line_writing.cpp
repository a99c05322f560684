// Events as lines of JSON. Written by hand: the order of keys is part of the format, and text that
// is not UTF-8 (a peer's header, a path) has to survive.
#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/utf8.hpp"
#include "pomona/trace/run_folder.hpp"

namespace pomona::trace {
namespace {

void put_quoted(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                out += "\\u00";
                out += digits[static_cast<unsigned char>(c) >> 4U];
                out += digits[static_cast<unsigned char>(c) & 0xfU];
            } else {
                out += c;
            }
        }
    }
    out += '"';
}

/// Choice: bytes that are no UTF-8 stand as {"$bytes":"<base64>"}, so that reading gives them back
/// exactly.
void put(std::string& out, std::string_view text) {
    if (is_utf8(text)) {
        put_quoted(out, text);
        return;
    }
    out += R"({"$bytes":")" + to_base64(as_bytes(text)) + "\"}";
}

class object {
  public:
    explicit object(std::string& out) : out_{&out} { *out_ += '{'; }
    object(const object&) = delete;
    object& operator=(const object&) = delete;
    ~object() { *out_ += '}'; }

    std::string& key(std::string_view name) {
        *out_ += first_ ? "" : ",";
        first_ = false;
        put_quoted(*out_, name);
        return *out_ += ':';
    }
    void text(std::string_view name, std::string_view value) {
        if (!value.empty()) {
            put(key(name), value);
        }
    }
    void number(std::string_view name, std::uint64_t value) {
        if (value != 0) {
            key(name) += std::to_string(value);
        }
    }
    void flag(std::string_view name, bool value) {
        if (value) {
            key(name) += "true";
        }
    }

  private:
    std::string* out_;
    bool first_ = true;
};

void put(std::string& out, const field_value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        put(out, std::string_view{*text});
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
        out += std::to_string(*number);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
        out += *flag ? "true" : "false";
    } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        out += '[';
        for (const auto& item : *list) {
            out += &item == list->data() ? "" : ",";
            put(out, std::string_view{item});
        }
        out += ']';
    }
}

void put_fields(object& o, std::string_view name, const fields& all) {
    if (all.empty()) {
        return;
    }
    auto& out = o.key(name);
    object inner{out};
    for (const auto& [field, value] : all) {
        put(inner.key(field), value);
    }
}

void put_headers(object& o, const net::headers& all) {
    if (all.empty()) {
        return;
    }
    auto& out = o.key("headers");
    out += '[';
    for (const auto& h : all) {
        out += &h == all.data() ? "[" : ",[";
        put(out, std::string_view{h.name});
        out += ',';
        put(out, std::string_view{h.value});
        out += ']';
    }
    out += ']';
}

void put_body(object& o, const std::optional<body_ref>& body) {
    if (!body) {
        return;
    }
    object inner{o.key("body")};
    inner.text("sha256", body->sha256);
    inner.number("size", body->size);
    inner.flag("redacted", body->redacted);
}

} // namespace

std::string to_line(const event& e) {
    std::string out;
    out.reserve(512);
    {
        object o{out};
        o.number("number", e.number);
        o.text("time", to_rfc3339_nanos(e.time));
        o.text("actor", e.actor);
        o.text("peer", e.peer);
        o.text("channel", e.channel);
        o.text("user", e.user);
        o.text("exchange", e.exchange);
        o.text("kind", to_text(e.kind));
        o.number("cause", e.cause);
        if (e.at) {
            o.text("at", *e.at == end::client ? "client" : "server");
        }
        o.text("method", e.method);
        o.text("target", e.target);
        o.number("status", e.status);
        put_headers(o, e.headers);
        put_body(o, e.body);
        o.text("tls_version", e.tls_version);
        o.text("alpn", e.alpn);
        o.text("client_certificate", e.client_certificate);
        o.text("failure", e.failure);
        o.flag("after_send", e.after_send);
        o.text("detail", e.detail);
        o.text("name", e.name);
        put_fields(o, "summary", e.summary);
        put_fields(o, "facts", e.facts);
        o.text("step", e.step);
    }
    return out;
}

} // namespace pomona::trace
