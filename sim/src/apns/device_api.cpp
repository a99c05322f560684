#include "apns/device_api.hpp"

#include "json_calls.hpp"
#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::sim::apns {

namespace {

using json = nlohmann::ordered_json;

/// Choice: bounds on memory, far above what one machine's processes need.
constexpr std::size_t max_streams = 10'000;
constexpr std::size_t max_queued = 100'000;
constexpr std::size_t token_bytes = 32;
constexpr std::size_t max_identifier_bytes = 255;

std::optional<push_token> token_from(const json& value) {
    if (!value.is_string()) {
        return std::nullopt;
    }
    auto raw = from_hex(value.get_ref<const std::string&>());
    return raw ? std::optional{push_token{std::move(*raw)}} : std::nullopt;
}

} // namespace

/// A request's body as an object.
struct device_api::call {
    json body;

    [[nodiscard]] std::optional<std::string> text(const char* key) const {
        const auto found = body.find(key);
        if (found == body.end() || !found->is_string()) {
            return std::nullopt;
        }
        return found->get<std::string>();
    }
    [[nodiscard]] std::optional<push_token> token() const {
        const auto found = body.find("token");
        return found == body.end() ? std::nullopt : token_from(*found);
    }
    [[nodiscard]] std::optional<std::vector<push_token>> tokens() const {
        const auto found = body.find("tokens");
        if (found == body.end() || !found->is_array()) {
            return std::nullopt;
        }
        std::vector<push_token> out;
        for (const auto& item : *found) {
            auto token = token_from(item);
            if (!token) {
                return std::nullopt;
            }
            out.push_back(std::move(*token));
        }
        return out;
    }
};

net::reply device_api::answer(const net::request& what) {
    if (what.method != "POST") {
        return json_refusal(405, "POST is the only method");
    }
    const auto path = net::path_of(what.target);
    if (path == "/device/stream") {
        return open_stream();
    }
    call c{.body = json::parse(what.body.begin(), what.body.end(), nullptr, false)};
    if (!c.body.is_object()) {
        return json_refusal(400, "the body is not a JSON object");
    }
    if (path == "/device/register") {
        return enroll(c);
    }
    if (path == "/device/subscribe") {
        return subscribe(c);
    }
    if (path == "/device/unsubscribe") {
        return unsubscribe(c);
    }
    if (path == "/device/unregister") {
        return unregister(c);
    }
    return json_refusal(404, "no such path");
}

void device_api::end_streams() {
    for (const auto& [id, stream] : std::exchange(streams_, {})) {
        stream->queue->close();
    }
}

net::reply device_api::open_stream() {
    std::erase_if(streams_, [](const auto& item) { return item.second->queue->closed(); });
    if (streams_.size() >= max_streams) {
        return json_refusal(503, "too many streams");
    }
    const auto stream = std::make_shared<listening_stream>();
    stream->id = world_->random_uuid();
    stream->queue = std::make_shared<net::message_queue>(*world_, max_queued);
    stream->queue->push(to_bytes(json{{"stream", stream->id}}.dump()));
    streams_.insert_or_assign(stream->id, stream);
    net::reply out;
    out.what.headers = {{"content-type", "application/x-ndjson"}};
    out.stream = stream->queue;
    return out;
}

net::reply device_api::enroll(const call& c) {
    const auto device = c.text("device");
    const auto for_topic = c.text("topic");
    if (!device || device->empty() || device->size() > max_identifier_bytes || !for_topic ||
        !is_topic(*for_topic)) {
        return json_refusal(400, "device and topic are needed");
    }
    std::shared_ptr<listening_stream> stream;
    if (const auto id = c.text("stream")) {
        stream = stream_of(*id);
        if (!stream) {
            return json_refusal(404, "no such stream");
        }
    }
    const auto had = c.body.contains("token") ? c.token() : std::optional{push_token{}};
    if (!had || (!had->empty() && had->value().size() != token_bytes)) {
        return json_refusal(400, "token has to be 32 bytes in hex");
    }
    // A token that is known already is somebody's, alive or dead.
    const bool is_free = !had->empty() && !store_->state_of(*had, world_->now());
    const auto token = store_->enroll(udid{*device}, topic{*for_topic},
                                      is_free ? *had : push_token{world_->random(token_bytes)});
    if (!token) {
        return json_refusal(503, token.error().detail);
    }
    if (stream) {
        store_->subscribe(*token, std::move(stream), world_->now());
    }
    return json_reply(200, {{"token", to_hex(token->value())}});
}

net::reply device_api::subscribe(const call& c) {
    const auto id = c.text("stream");
    const auto tokens = c.tokens();
    if (!id || !tokens) {
        return json_refusal(400, "stream and tokens are needed");
    }
    const auto stream = stream_of(*id);
    if (!stream) {
        return json_refusal(404, "no such stream");
    }
    auto unknown = json::array();
    for (const auto& token : *tokens) {
        if (!store_->subscribe(token, stream, world_->now())) {
            unknown.push_back(to_hex(token.value()));
        }
    }
    return json_reply(200, {{"unknown", std::move(unknown)}});
}

net::reply device_api::unsubscribe(const call& c) {
    const auto tokens = c.tokens();
    if (!tokens) {
        return json_refusal(400, "tokens are needed");
    }
    auto unknown = json::array();
    for (const auto& token : *tokens) {
        if (!store_->unsubscribe(token)) {
            unknown.push_back(to_hex(token.value()));
        }
    }
    return json_reply(200, {{"unknown", std::move(unknown)}});
}

net::reply device_api::unregister(const call& c) {
    const auto token = c.token();
    if (!token) {
        return json_refusal(400, "token is needed");
    }
    if (!store_->end(*token, pomona::apns::reason::unregistered, world_->now())) {
        return json_refusal(404, "no such token");
    }
    return json_reply(200, json::object());
}

std::shared_ptr<listening_stream> device_api::stream_of(const std::string& id) {
    const auto found = streams_.find(id);
    return found == streams_.end() || found->second->queue->closed() ? nullptr : found->second;
}

} // namespace pomona::sim::apns
