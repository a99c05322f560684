#include "apns/courier_link.hpp"

#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::sim::apns {

namespace {

using json = nlohmann::ordered_json;

/// Keeps a request's body at some ten kilobytes.
constexpr std::size_t tokens_a_request = 500;

std::optional<std::string> text_of(const json& object, const char* key) {
    if (!object.is_object()) {
        return std::nullopt;
    }
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? std::optional{found->get<std::string>()}
                                                       : std::nullopt;
}

json parse(bytes_view text) {
    return json::parse(text.begin(), text.end(), nullptr, false);
}

net::request post(std::string path, const json& body) {
    return {.method = "POST",
            .target = std::move(path),
            .headers = {{"content-type", "application/json"}},
            .body = to_bytes(body.dump(-1, ' ', false, json::error_handler_t::replace))};
}

std::unexpected<error> broken(std::string detail) {
    return fail(std::make_error_code(std::errc::connection_reset), std::move(detail));
}

std::string_view path_of(token_call what) {
    switch (what) {
    case token_call::subscribe:
        return "/device/subscribe";
    case token_call::unsubscribe:
        return "/device/unsubscribe";
    case token_call::unregister:
        break;
    }
    return "/device/unregister";
}

void note_unknown(bytes_view answer, std::vector<push_token>& into) {
    const auto body = parse(answer);
    const auto found = body.is_object() ? body.find("unknown") : body.end();
    if (found == body.end() || !found->is_array()) {
        return;
    }
    for (const auto& item : *found) {
        auto raw = item.is_string() ? from_hex(item.get_ref<const std::string&>()) : std::nullopt;
        if (raw) {
            into.emplace_back(std::move(*raw));
        }
    }
}

} // namespace

std::optional<pushed> read_push(bytes_view line) {
    const auto object = parse(line);
    const auto token = text_of(object, "token");
    const auto for_topic = text_of(object, "topic");
    const auto payload = text_of(object, "payload");
    if (!token || !for_topic || !payload) {
        return std::nullopt;
    }
    auto raw = from_hex(*token);
    auto data = from_base64(*payload);
    if (!raw || !data) {
        return std::nullopt;
    }
    return pushed{.token = push_token{std::move(*raw)},
                  .for_topic = topic{*for_topic},
                  .payload = std::move(*data)};
}

net::task<std::shared_ptr<courier>> open_courier(net::world& world, net::open_options how,
                                                 net::annotation note) {
    const auto deadline = how.deadline;
    auto opened = co_await world.open(std::move(how));
    if (!opened) {
        co_return nullptr;
    }
    auto out = std::make_shared<courier>();
    out->connection = std::move(*opened);
    net::request ask{.method = "POST", .target = "/device/stream", .headers = {}, .body = {}};
    auto subscribed = co_await out->connection->subscribe(std::move(ask), deadline, note);
    if (!subscribed) {
        co_return nullptr;
    }
    out->messages = std::move(*subscribed);
    const auto first = co_await out->messages->next(deadline);
    if (!first) {
        co_return nullptr;
    }
    const auto id = text_of(parse(first->data), "stream");
    if (!id) {
        co_return nullptr;
    }
    out->stream_id = *id;
    co_return out;
}

net::task<result<push_token>> register_on(std::shared_ptr<courier> c, token_owner who,
                                          net::annotation note, time_point deadline) {
    json wanted{
        {"device", who.device.value()}, {"topic", who.for_topic.value()}, {"stream", c->stream_id}};
    if (!who.had.empty()) {
        wanted["token"] = to_hex(who.had.value());
    }
    auto ask = post("/device/register", wanted);
    const auto answer = co_await c->connection->exchange(std::move(ask), deadline, note);
    if (!answer) {
        co_return broken("push registration: " + answer.error().message());
    }
    const auto body = parse(answer->body);
    if (answer->status == 404) {
        co_return broken("push registration: the service does not know the stream");
    }
    const auto token = text_of(body, "token");
    auto raw = answer->status == 200 && token ? from_hex(*token) : std::nullopt;
    if (!raw) {
        co_return fail(std::make_error_code(std::errc::protocol_error),
                       "push registration: status " + std::to_string(answer->status),
                       text_of(body, "error").value_or(""));
    }
    co_return push_token{std::move(*raw)};
}

net::task<std::optional<std::vector<push_token>>>
tell_tokens(std::shared_ptr<courier> c, token_call what, std::vector<push_token> tokens,
            net::annotation note, time_point deadline) {
    std::vector<push_token> unknown;
    for (std::size_t from = 0; from < tokens.size(); from += tokens_a_request) {
        const auto to = std::min(from + tokens_a_request, tokens.size());
        json body;
        if (what == token_call::unregister) {
            body["token"] = to_hex(tokens[from].value());
        } else {
            if (what == token_call::subscribe) {
                body["stream"] = c->stream_id;
            }
            auto list = json::array();
            for (auto i = from; i < to; ++i) {
                list.push_back(to_hex(tokens[i].value()));
            }
            body["tokens"] = std::move(list);
        }
        auto ask = post(std::string{path_of(what)}, body);
        const auto answer = co_await c->connection->exchange(std::move(ask), deadline, note);
        if (!answer || (what == token_call::subscribe && answer->status != 200)) {
            co_return std::nullopt;
        }
        if (what == token_call::subscribe) {
            note_unknown(answer->body, unknown);
        }
    }
    co_return std::optional{std::move(unknown)};
}

} // namespace pomona::sim::apns
