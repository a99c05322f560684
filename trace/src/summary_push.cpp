// The push service's two sides, and the APIs of servers and of Apple's portal.
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/apns/message.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "summary_parts.hpp"

#include <nlohmann/json.hpp>

namespace pomona::trace {
namespace {

using nlohmann::json;

constexpr std::string_view device_path = "/3/device/";

std::string lower_hex(std::string_view text) {
    const auto raw = from_hex(text);
    return raw ? to_hex(*raw) : std::string{text};
}

void take_header(fields& to, const net::headers& from, std::string_view header,
                 std::string_view name) {
    if (const auto value = net::find_header(from, header)) {
        to.set(std::string{name}, clipped(*value));
    }
}

void add_payload(fields& to, bytes_view payload) {
    if (const auto magic = apns::read_mdm_payload(payload)) {
        to.set("PushMagic", clipped(magic->value()));
    }
    const auto doc = read_document(payload);
    if (const auto* j = doc.json(); j != nullptr && j->is_object()) {
        std::vector<std::string> keys;
        for (const auto& [key, value] : j->items()) {
            if (keys.size() < max_list_items) {
                keys.push_back(clipped(key));
            }
        }
        to.set("payload_keys", std::move(keys));
    }
}

/// An inner payload as an object, as JSON text, or as JSON in base64.
void add_inner_payload(fields& to, const json& payload) {
    if (payload.is_object()) {
        add_payload(to, as_bytes(payload.dump(-1, ' ', false, json::error_handler_t::replace)));
    } else if (payload.is_string()) {
        const auto& text = payload.get_ref<const std::string&>();
        const auto decoded = from_base64(text);
        add_payload(to, decoded ? bytes_view{*decoded} : as_bytes(text));
    }
}

std::string joined_push_result(const json& status) {
    for (const auto& [id, one] : status.items()) {
        for (const auto* key : {"push_error", "command_error"}) {
            if (const auto found = one.is_object() ? one.find(key) : one.end();
                one.is_object() && found != one.end() && found->is_string()) {
                return clipped(found->get_ref<const std::string&>());
            }
        }
    }
    return {};
}

} // namespace

fields apns_request(const net::exchange_context& where, const net::request& what) {
    fields out;
    const auto path = net::path_of(what.target);
    if (path.starts_with(device_path)) {
        out.set("Token", clipped(lower_hex(path.substr(device_path.size()))));
    }
    take_header(out, what.headers, "apns-topic", "Topic");
    take_header(out, what.headers, "apns-push-type", "push_type");
    take_header(out, what.headers, "apns-id", "apns_id");
    take_header(out, what.headers, "apns-expiration", "expiration");
    take_header(out, what.headers, "apns-priority", "priority");
    take_header(out, what.headers, "apns-collapse-id", "collapse_id");
    // Many servers send no apns-topic: then the certificate's UID is the topic.
    if (const auto* cert = client_certificate(where)) {
        if (const auto uid = cert->subject_part("UID")) {
            out.set("certificate_topic", clipped(*uid));
        }
    }
    add_payload(out, what.body);
    return out;
}

fields apns_response(const net::response& what) {
    fields out;
    take_header(out, what.headers, "apns-id", "apns_id");
    const auto doc = read_document(what.body);
    if (const auto* j = doc.json(); j != nullptr && j->is_object()) {
        take_text(out, *j, "reason", "reason");
        take_number(out, *j, "timestamp", "timestamp");
    }
    return out;
}

fields device_message(bytes_view message) {
    fields out;
    const auto doc = read_document(message);
    const auto* j = doc.json();
    if (j == nullptr || !j->is_object()) {
        return out;
    }
    if (const auto token = j->find("token"); token != j->end() && token->is_string()) {
        out.set("Token", clipped(lower_hex(token->get_ref<const std::string&>())));
    }
    take_text(out, *j, "device", "UDID");
    take_text(out, *j, "topic", "Topic");
    if (const auto payload = j->find("payload"); payload != j->end()) {
        add_inner_payload(out, *payload);
    }
    return out;
}

fields api_request(const net::request& what) {
    fields out;
    // "/v1/enqueue/ID,ID": what is asked, and for whom.
    auto path = net::path_of(what.target);
    if (path.starts_with("/v1/")) {
        path.remove_prefix(3);
    }
    const auto slash = path.find('/', 1);
    out.set("operation", clipped(path.substr(0, slash)));
    if (slash != path.npos && slash + 1 < path.size()) {
        out.set("ids", clipped(percent_decode(path.substr(slash + 1)).value_or("")));
    }
    const auto doc = read_document(what.body);
    if (const auto* d = doc.dict()) {
        take_text(out, *d, mdm::key::command_uuid);
        if (const auto* command = d->dictionary(mdm::key::command)) {
            take_text(out, *command, mdm::key::request_type);
        }
    } else if (const auto* j = doc.json(); j != nullptr && j->is_object()) {
        take_text(out, *j, "request_type", "RequestType");
        take_text(out, *j, "udid", "ids");
        take_text(out, *j, "cursor", "cursor");
    }
    return out;
}

fields api_response(const net::response& what) {
    fields out;
    const auto doc = read_document(what.body);
    const auto* j = doc.json();
    if (j == nullptr || !j->is_object()) {
        return out;
    }
    take_text(out, *j, "command_uuid", "CommandUUID");
    take_text(out, *j, "request_type", "RequestType");
    if (const auto payload = j->find("payload"); payload != j->end() && payload->is_object()) {
        take_text(out, *payload, "command_uuid", "CommandUUID"); // MicroMDM's form
    }
    take_flag(out, *j, "no_push", "no_push");
    take_text(out, *j, "error", "error");
    take_text(out, *j, "cursor", "cursor");
    take_flag(out, *j, "more_to_follow", "more_to_follow");
    if (const auto devices = j->find("devices"); devices != j->end()) {
        out.set("devices", static_cast<std::int64_t>(devices->size()));
    }
    if (const auto status = j->find("status"); status != j->end() && status->is_object()) {
        out.set("enrollments", static_cast<std::int64_t>(status->size()));
        if (auto first = joined_push_result(*status); !first.empty()) {
            out.set("first_error", std::move(first));
        }
    }
    return out;
}

} // namespace pomona::trace
