#include "answers.hpp"
#include "api/api.hpp"
#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server::api {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto push_wait = 30s;
constexpr std::size_t longest_name = 128;

std::string text_of(const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view to_text(enqueue_outcome o) {
    switch (o) {
    case enqueue_outcome::queued:
        return "queued";
    case enqueue_outcome::duplicate:
        return "a command with this CommandUUID is or was in this queue";
    case enqueue_outcome::unknown_enrollment:
        return "no such enrollment";
    case enqueue_outcome::disabled:
        return "the enrollment has ended";
    case enqueue_outcome::full:
        return "too many commands are waiting";
    case enqueue_outcome::not_for_users:
        return "this command is not for user enrollments";
    }
    return "failed";
}

/// Begins all pushes before it waits for the first, and writes each outcome beside its enrollment.
net::task<std::size_t> push_all(service_ptr s, std::vector<enrollment_id> ids, std::uint64_t cause,
                                bool coalesce, std::shared_ptr<json> status) {
    std::vector<std::shared_ptr<push_attempt>> attempts;
    attempts.reserve(ids.size());
    for (const auto& id : ids) {
        attempts.push_back(s->push->push(id, cause, coalesce));
    }
    const auto deadline = s->world.now() + push_wait;
    std::size_t failed = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto done = co_await push_attempt::wait(attempts[i], deadline);
        auto& mine = (*status)[ids[i].value()];
        if (done && done->accepted) {
            mine["push_result"] = done->apns_id;
        } else {
            mine["push_error"] = done ? done->error : "APNs has not answered yet";
            ++failed;
        }
    }
    co_return failed;
}

/// NanoMDM: 200 when all went well, 207 when some failed, 500 when all did. Choice: 409 when a
/// CommandUUID that was used before is the only trouble.
unsigned status_for(const std::vector<enqueue_outcome>& outcomes, std::size_t push_failures) {
    std::size_t failed = 0;
    std::size_t duplicates = 0;
    for (const auto o : outcomes) {
        failed += o != enqueue_outcome::queued ? 1 : 0;
        duplicates += o == enqueue_outcome::duplicate ? 1 : 0;
    }
    if (failed == outcomes.size()) {
        return duplicates == failed ? 409 : 500;
    }
    return failed + push_failures > 0 ? 207 : 200;
}

} // namespace

net::task<net::response> enqueue(call c) {
    if (c.method() != "PUT" && c.method() != "POST") {
        co_return wrong_method("PUT, POST");
    }
    const auto ids = ids_of(c.id);
    if (ids.empty()) {
        co_return error_answer(400, "no enrollment is named");
    }
    auto command = mdm::parse_command(c.in.what.body);
    if (!command) {
        co_return error_answer(400, command.error().message());
    }
    if (command->uuid.empty() || command->uuid.value().size() > longest_name ||
        command->request_type.empty() || command->request_type.size() > longest_name) {
        co_return error_answer(400, "CommandUUID and RequestType need 1 to 128 characters");
    }
    // Written again: only CommandUUID and Command belong at the top (MDM-CHK-005).
    auto outcomes = co_await c.s->keep->enqueue(ids, command->uuid, command->request_type,
                                                mdm::write_command(*command));
    if (!outcomes) {
        co_return failure_answer("enqueueing", outcomes.error());
    }
    auto status = std::make_shared<json>(json::object());
    std::vector<enrollment_id> queued;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        auto& mine = (*status)[ids[i].value()] = json::object();
        if ((*outcomes)[i] == enqueue_outcome::queued) {
            queued.push_back(ids[i]);
        } else {
            mine["command_error"] = to_text((*outcomes)[i]);
        }
    }
    json body{{"command_uuid", command->uuid.value()}, {"request_type", command->request_type}};
    std::size_t push_failures = 0;
    if (c.flag("nopush")) {
        body["no_push"] = true;
    } else {
        push_failures = co_await push_all(c.s, std::move(queued), c.in.event, true, status);
    }
    body["status"] = std::move(*status);
    co_return json_answer(status_for(*outcomes, push_failures), text_of(body));
}

net::task<net::response> push(call c) {
    if (c.method() != "GET" && c.method() != "PUT") {
        co_return wrong_method("GET, PUT");
    }
    const auto ids = ids_of(c.id);
    if (ids.empty()) {
        co_return error_answer(400, "no enrollment is named");
    }
    auto status = std::make_shared<json>(json::object());
    const auto failed = co_await push_all(c.s, ids, c.in.event, false, status);
    const unsigned code = failed == 0 ? 200 : failed == ids.size() ? 500 : 207;
    const json body{{"status", *status}};
    co_return json_answer(code, text_of(body));
}

net::task<net::response> commands(call c) {
    if (c.method() != "GET") {
        co_return wrong_method("GET");
    }
    constexpr std::int64_t most = 1000;
    auto rows = co_await c.s->keep->commands(enrollment_id{c.id}, most);
    if (!rows) {
        co_return failure_answer("listing commands", rows.error());
    }
    const bool with_results = c.flag("results");
    auto out = json::array();
    for (const auto& r : *rows) {
        json one{{"command_uuid", r.uuid},
                 {"request_type", r.request_type},
                 {"status", r.status.empty() ? "Pending" : r.status}};
        if (!r.errors.empty()) {
            one["error_chain"] = json::parse(r.errors, nullptr, false);
        }
        if (r.reported) {
            one["reported"] = to_rfc3339(*r.reported);
        }
        if (with_results && !r.result.empty()) {
            one["result"] = to_base64(r.result);
        }
        out.push_back(std::move(one));
    }
    co_return json_answer(200, text_of(out));
}

net::task<net::response> enrollments(call c) {
    if (c.method() != "GET") {
        co_return wrong_method("GET");
    }
    constexpr std::int64_t most = 20'000;
    auto rows =
        co_await c.s->keep->enrollments(ids_of(c.id.empty() ? c.parameter("id") : c.id), most);
    if (!rows) {
        co_return failure_answer("listing enrollments", rows.error());
    }
    auto out = json::array();
    for (const auto& r : *rows) {
        json one{{"id", r.id.value()},
                 {"state", pomona::server::to_text(r.state)},
                 {"serial_number", r.serial},
                 {"device_name", r.device_name},
                 {"model", r.model},
                 {"os_version", r.os_version},
                 {"build_version", r.build_version},
                 {"topic", r.topic},
                 {"push", r.push_dead ? "dead" : "ok"},
                 {"pending_commands", r.pending}};
        if (!r.user_short_name.empty()) {
            one["user_short_name"] = r.user_short_name;
        }
        if (r.last_seen) {
            one["last_seen"] = to_rfc3339(*r.last_seen);
        }
        out.push_back(std::move(one));
    }
    co_return json_answer(200, text_of(out));
}

} // namespace pomona::server::api
