#include "html_label.hpp"

namespace pomona::reports {
namespace {

constexpr std::size_t max_label_bytes = 120;

std::string join(std::string_view first, std::string_view second) {
    std::string out{first};
    if (!second.empty()) {
        out += (out.empty() ? "" : " ") + std::string{second};
    }
    return out;
}

/// The first of `names` that the summary has as text.
std::string_view first_text(const trace::fields& of, std::initializer_list<const char*> names) {
    for (const auto* name : names) {
        if (const auto text = of.text(name); !text.empty()) {
            return text;
        }
    }
    return {};
}

std::string request_line(const trace::event& e) {
    return join(e.method, net::path_of(e.target));
}

std::string mdm_request_label(const trace::event& e, std::string_view command) {
    const auto& s = e.summary;
    if (const auto type = s.text("MessageType"); !type.empty()) {
        return join(type, s.text("Endpoint"));
    }
    if (const auto status = s.text("Status"); !status.empty()) {
        const auto own = s.text("RequestType");
        return join(own.empty() ? command : own, status);
    }
    if (s.flag("empty").value_or(false)) {
        return "empty body";
    }
    return s.flag("malformed").value_or(false) ? "malformed body" : request_line(e);
}

std::string api_request_label(const trace::event& e) {
    auto operation = e.summary.text("operation");
    if (operation.starts_with('/')) {
        operation.remove_prefix(1);
    }
    return operation.empty() ? request_line(e) : join(operation, e.summary.text("RequestType"));
}

std::string request_label(const trace::event& e, std::string_view command) {
    if (e.channel == "mdm" || e.channel == "checkin") {
        return mdm_request_label(e, command);
    }
    if (e.channel == "scep") {
        const auto operation = e.summary.text("operation");
        return operation.empty() ? request_line(e) : join(operation, e.summary.text("messageType"));
    }
    if (e.channel == "apns") {
        const auto type = e.summary.text("push_type");
        return type.empty() || type == "mdm" ? "push" : "push (" + std::string{type} + ')';
    }
    if (e.channel == "api" || e.channel == "abm") {
        return api_request_label(e);
    }
    return request_line(e);
}

/// What a response holds, without its status; empty when the summary does not say.
std::string response_content(const trace::event& e) {
    const auto& s = e.summary;
    if (const auto code = first_text(s, {"reason", "code", "failInfo", "error"}); !code.empty()) {
        return join(s.text("pkiStatus"), code);
    }
    if (e.channel == "scep") {
        return s.text("operation") == "PKIOperation"
                   ? join(s.text("messageType"), s.text("pkiStatus"))
                   : std::string{s.text("operation")};
    }
    if (s.find("DeclarationsToken") != nullptr) {
        return s.find("configurations") != nullptr || s.find("activations") != nullptr
                   ? "declaration-items"
                   : "sync tokens";
    }
    if (s.find("ServerToken") != nullptr) {
        return join("declaration", s.text("Identifier"));
    }
    if (const auto profile = s.text("PayloadIdentifier"); !profile.empty()) {
        return join("profile", profile);
    }
    if (s.flag("empty").value_or(false) || !e.body) {
        return "empty";
    }
    return s.flag("malformed").value_or(false) ? "malformed body" : std::string{};
}

std::string response_label(const trace::event& e) {
    // A command is what the answer is, whatever else it says.
    if (const auto type = e.summary.text("RequestType");
        !type.empty() && e.status == 200 && (e.channel == "mdm" || e.channel == "checkin")) {
        return join("command", type);
    }
    return join(std::to_string(e.status), response_content(e));
}

std::string message_label(const trace::event& e) {
    if (e.channel == "apns-device" || e.summary.find("PushMagic") != nullptr) {
        return "push";
    }
    return e.channel.empty() ? "message" : e.channel + " message";
}

std::string named(const trace::event& e) {
    const auto what =
        first_text(e.summary, {"PayloadIdentifier", "Identifier", "RequestType", "reason"});
    return join(e.name, what);
}

std::string whole_label(const trace::event& e, std::string_view command) {
    switch (e.kind) {
    case trace::kind::request:
        return request_label(e, command);
    case trace::kind::response:
        return response_label(e);
    case trace::kind::failure:
        return e.failure + (e.after_send ? " after sending" : "");
    case trace::kind::message:
        return message_label(e);
    case trace::kind::state:
    case trace::kind::fault:
        return named(e);
    case trace::kind::step:
    case trace::kind::fact:
        return e.name;
    }
    return {};
}

} // namespace

std::string label(const trace::event& e, std::string_view command) {
    auto out = whole_label(e, command);
    if (!e.user.empty()) { // whose channel it is
        const auto name = e.summary.text("UserShortName");
        out += " · " + (name.empty() ? "user " + e.user.substr(0, 8) : std::string{name});
    }
    if (out.size() > max_label_bytes) {
        // Not inside a UTF-8 character: continuation bytes are 10xxxxxx.
        auto cut = max_label_bytes - 3;
        while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xc0U) == 0x80U) {
            --cut;
        }
        out.resize(cut);
        out += "…";
    }
    return out.empty() ? std::string{trace::to_text(e.kind)} : out;
}

} // namespace pomona::reports
