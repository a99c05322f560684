// Lines of JSON back into events. A trace may come from anywhere: everything is bounded and typed.
#include "pomona/foundation/encoding.hpp"
#include "pomona/trace/run_folder.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <functional>

namespace pomona::trace {
namespace {

using json = nlohmann::ordered_json;

constexpr int max_depth = 8;
constexpr std::size_t max_keys = 4096; // an ordered object is searched linearly

std::unexpected<error> wrong(std::string_view key) {
    return fail(errc::malformed, "the value of \"" + std::string{key} + "\"");
}

std::optional<std::string> text_of(const json& j) {
    if (j.is_string()) {
        return j.get<std::string>();
    }
    if (j.is_object() && j.size() == 1 && j.contains("$bytes") && j["$bytes"].is_string()) {
        if (const auto raw = from_base64(j["$bytes"].get_ref<const std::string&>())) {
            return pomona::to_text(*raw);
        }
    }
    return std::nullopt;
}

template <class T>
bool take_number(const json& j, T& to) {
    if (!j.is_number_unsigned() || j.get<std::uint64_t>() > std::numeric_limits<T>::max()) {
        return false;
    }
    to = static_cast<T>(j.get<std::uint64_t>());
    return true;
}

bool take_text(const json& j, std::string& to) {
    auto text = text_of(j);
    if (text) {
        to = std::move(*text);
    }
    return text.has_value();
}

bool take_flag(const json& j, bool& to) {
    if (j.is_boolean()) {
        to = j.get<bool>();
    }
    return j.is_boolean();
}

std::optional<field_value> field_of(const json& j) {
    if (auto text = text_of(j)) {
        return field_value{std::move(*text)};
    }
    if (j.is_boolean()) {
        return field_value{j.get<bool>()};
    }
    if (j.is_number_unsigned() &&
        j.get<std::uint64_t>() >
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
    }
    if (j.is_number_integer()) {
        return field_value{j.get<std::int64_t>()};
    }
    if (!j.is_array()) {
        return std::nullopt;
    }
    std::vector<std::string> list;
    for (const auto& item : j) {
        auto text = text_of(item);
        if (!text) {
            return std::nullopt;
        }
        list.push_back(std::move(*text));
    }
    return field_value{std::move(list)};
}

bool take_fields(const json& j, fields& to) {
    if (!j.is_object()) {
        return false;
    }
    for (const auto& [name, value] : j.items()) {
        auto field = field_of(value);
        if (!field) {
            return false;
        }
        to.set(name, std::move(*field));
    }
    return true;
}

bool take_headers(const json& j, net::headers& to) {
    if (!j.is_array()) {
        return false;
    }
    for (const auto& item : j) {
        net::header h;
        if (!item.is_array() || item.size() != 2 || !take_text(item[0], h.name) ||
            !take_text(item[1], h.value)) {
            return false;
        }
        to.push_back(std::move(h));
    }
    return true;
}

bool take_body(const json& j, std::optional<body_ref>& to) {
    if (!j.is_object()) {
        return false;
    }
    auto& ref = to.emplace();
    for (const auto& [key, value] : j.items()) {
        const bool good = key == "sha256"     ? take_text(value, ref.sha256)
                          : key == "size"     ? take_number(value, ref.size)
                          : key == "redacted" ? take_flag(value, ref.redacted)
                                              : true;
        if (!good) {
            return false;
        }
    }
    return true;
}

bool take_time(const json& j, time_point& to) {
    const auto time = j.is_string() ? from_rfc3339(j.get_ref<const std::string&>()) : std::nullopt;
    to = time.value_or(time_point{});
    return time.has_value();
}

bool take_kind(const json& j, kind& to) {
    const auto k = j.is_string() ? parse_kind(j.get_ref<const std::string&>()) : std::nullopt;
    to = k.value_or(kind{});
    return k.has_value();
}

bool take_end(const json& j, std::optional<end>& to) {
    if (j != "client" && j != "server") {
        return false;
    }
    to = j == "client" ? end::client : end::server;
    return true;
}

struct member {
    std::string_view key;
    bool (*take)(const json&, event&);
};

constexpr std::array<member, 23> members{{
    {"number", [](const json& j, event& e) { return take_number(j, e.number) && e.number != 0; }},
    {"time", [](const json& j, event& e) { return take_time(j, e.time); }},
    {"actor", [](const json& j, event& e) { return take_text(j, e.actor); }},
    {"peer", [](const json& j, event& e) { return take_text(j, e.peer); }},
    {"channel", [](const json& j, event& e) { return take_text(j, e.channel); }},
    {"user", [](const json& j, event& e) { return take_text(j, e.user); }},
    {"exchange", [](const json& j, event& e) { return take_text(j, e.exchange); }},
    {"kind", [](const json& j, event& e) { return take_kind(j, e.kind); }},
    {"cause", [](const json& j, event& e) { return take_number(j, e.cause); }},
    {"at", [](const json& j, event& e) { return take_end(j, e.at); }},
    {"method", [](const json& j, event& e) { return take_text(j, e.method); }},
    {"target", [](const json& j, event& e) { return take_text(j, e.target); }},
    {"status", [](const json& j, event& e) { return take_number(j, e.status); }},
    {"headers", [](const json& j, event& e) { return take_headers(j, e.headers); }},
    {"body", [](const json& j, event& e) { return take_body(j, e.body); }},
    {"tls_version", [](const json& j, event& e) { return take_text(j, e.tls_version); }},
    {"alpn", [](const json& j, event& e) { return take_text(j, e.alpn); }},
    {"client_certificate",
     [](const json& j, event& e) { return take_text(j, e.client_certificate); }},
    {"failure", [](const json& j, event& e) { return take_text(j, e.failure); }},
    {"after_send", [](const json& j, event& e) { return take_flag(j, e.after_send); }},
    {"detail", [](const json& j, event& e) { return take_text(j, e.detail); }},
    {"name", [](const json& j, event& e) { return take_text(j, e.name); }},
    {"step", [](const json& j, event& e) { return take_text(j, e.step); }},
}};

/// Bounds depth and keys while parsing; what is over is cut out and remembered.
json parse(std::string_view line, bool& over) {
    std::size_t keys = 0;
    const json::parser_callback_t watch = [&](int depth, json::parse_event_t what, json&) {
        if (what == json::parse_event_t::key && ++keys > max_keys) {
            over = true;
        }
        if (depth > max_depth) {
            over = true;
        }
        return !over;
    };
    return json::parse(line, watch, false);
}

} // namespace

result<event> from_line(std::string_view line) {
    bool over = false;
    const auto root = parse(line, over);
    if (over) {
        return fail(errc::malformed, "too deep or too many keys");
    }
    if (!root.is_object()) {
        return fail(errc::malformed, "not a JSON object");
    }
    event e;
    for (const auto* required : {"number", "time", "kind"}) {
        if (!root.contains(required)) {
            return fail(errc::malformed, "no \"" + std::string{required} + "\"");
        }
    }
    for (const auto& m : members) {
        const auto found = root.find(m.key);
        if (found != root.end() && !m.take(*found, e)) {
            return wrong(m.key);
        }
    }
    if (root.contains("summary") && !take_fields(root["summary"], e.summary)) {
        return wrong("summary");
    }
    if (root.contains("facts") && !take_fields(root["facts"], e.facts)) {
        return wrong("facts");
    }
    return e;
}

} // namespace pomona::trace
