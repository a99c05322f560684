#include "pomona/trace/decode.hpp"
#include "summary_parts.hpp"

#include <nlohmann/json.hpp>

namespace pomona::trace {
namespace {

constexpr std::size_t max_text_bytes = 1024;

bool is_placeholder(std::string_view text) {
    return text.starts_with("{{") && text.ends_with("}}");
}

} // namespace

std::string clipped(std::string_view text) {
    return std::string{text.substr(0, max_text_bytes)};
}

void take_text(fields& to, const plist::dict& from, std::string_view key) {
    if (const auto* text = from.string(key)) {
        to.set(std::string{key}, clipped(*text));
    }
}

void take_flag(fields& to, const plist::dict& from, std::string_view key) {
    if (const auto* flag = from.boolean(key)) {
        to.set(std::string{key}, *flag);
    }
}

void take_number(fields& to, const plist::dict& from, std::string_view key) {
    if (const auto* number = from.integer(key)) {
        to.set(std::string{key}, *number);
    }
}

void take_secret(fields& to, const plist::dict& from, std::string_view key) {
    std::string_view text;
    if (const auto* s = from.string(key)) {
        text = *s;
    } else if (const auto* d = from.data(key)) {
        text = as_text(*d);
    } else {
        return;
    }
    if (text.empty() || is_placeholder(text)) {
        to.set(std::string{key}, clipped(text));
    }
}

void take_text(fields& to, const nlohmann::json& from, std::string_view key,
               std::string_view name) {
    const auto found = from.find(key);
    if (found != from.end() && found->is_string()) {
        to.set(std::string{name}, clipped(found->get_ref<const std::string&>()));
    }
}

void take_number(fields& to, const nlohmann::json& from, std::string_view key,
                 std::string_view name) {
    const auto found = from.find(key);
    if (found != from.end() && found->is_number_integer()) {
        to.set(std::string{name}, found->get<std::int64_t>());
    }
}

void take_flag(fields& to, const nlohmann::json& from, std::string_view key,
               std::string_view name) {
    const auto found = from.find(key);
    if (found != from.end() && found->is_boolean()) {
        to.set(std::string{name}, found->get<bool>());
    }
}

const crypto::certificate* client_certificate(const net::exchange_context& where) {
    if (!where.connection) {
        return nullptr;
    }
    const auto& chain =
        where.at == net::side::client ? where.connection->own_chain : where.connection->peer_chain;
    return chain.empty() ? nullptr : chain.data();
}

fields summarize_request(const crypto::context& ctx, const net::exchange_context& where,
                         const net::request& what) {
    const auto& channel = where.note.channel;
    if (channel == "mdm" || channel == "checkin") {
        return mdm_request(what);
    }
    if (channel == "enroll") {
        return enroll_request(what);
    }
    if (channel == "scep") {
        return scep_request(ctx, what);
    }
    if (channel == "apns") {
        return apns_request(where, what);
    }
    if (channel == "apns-device") {
        return device_message(what.body);
    }
    if (channel == "api" || channel == "abm") {
        return api_request(what);
    }
    return {};
}

fields summarize_response(const crypto::context& ctx, const net::exchange_context& where,
                          const net::request& to, const net::response& what) {
    const auto& channel = where.note.channel;
    if (channel == "mdm" || channel == "checkin") {
        return mdm_response(what);
    }
    if (channel == "enroll") {
        return enroll_response(what);
    }
    if (channel == "scep") {
        return scep_response(ctx, to, what);
    }
    if (channel == "apns") {
        return apns_response(what);
    }
    if (channel == "apns-device") {
        return device_message(what.body);
    }
    if (channel == "api" || channel == "abm") {
        return api_response(what);
    }
    return {};
}

fields summarize_stream_message(const net::exchange_context& where, bytes_view message) {
    return where.note.channel == "apns-device" ? device_message(message) : fields{};
}

} // namespace pomona::trace
