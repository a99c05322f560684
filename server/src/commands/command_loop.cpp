#include "answers.hpp"
#include "checkin/put_request.hpp"
#include "commands/errors_json.hpp"
#include "handlers.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "users/user_tokens.hpp"

#include <spdlog/spdlog.h>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;

// Choice: how long after NotNow a Mac that will not poll by itself is pushed.
constexpr auto follow_up_after = 30s;

net::response answer_loop(loop_answer answer) {
    switch (answer.verdict) {
    case access::unrecognized:
        return unrecognized_answer(); // MDM-CHK-025
    case access::premature:
    case access::refused:
        return plain_answer(403, "this certificate belongs to another enrollment");
    case access::allowed:
    case access::rebind:
        break;
    }
    if (answer.command.empty()) {
        return empty_answer(); // MDM-CHK-004: zero bytes end the session
    }
    return answer_with(200, mdm::xml_content_type, std::move(answer.command));
}

/// defect::document_inside_command: what becomes of a template filled with a whole document.
bytes with_document_inside(const bytes& command) {
    std::string text{as_text(command)};
    if (const auto at = text.find("<key>Command</key>"); at != std::string::npos) {
        text.insert(at, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist>\n");
    }
    return to_bytes(text);
}

} // namespace

net::task<net::response> answer_command_loop(service_ptr s, net::incoming in) {
    const auto now = s->world.now();
    auto sender = sender_of_put(s, in, now);
    if (!sender) {
        co_return std::move(sender.error());
    }
    auto report = mdm::parse_report(in.what.body);
    if (!report) {
        spdlog::info("a report cannot be read: {}", report.error().message());
        co_return plain_answer(400, "this is not a report of the command loop");
    }
    const auto id = report->from.id();
    const auto status = report->status;
    if (const auto may = co_await has_its_token(s, report->from); !may || !*may) {
        co_return may ? token_refusal() : failure_answer("a report", may.error());
    }
    presented who{sender->sha256(), report->from, now};
    auto errors = report->errors.empty() ? std::string{} : errors_json(report->errors);
    // MDM-CHK-017: a 2xx makes the Mac forget the result, so the answer waits for the disk.
    auto answer = co_await s->keep->report(std::move(who), status, report->uuid, std::move(errors),
                                           std::move(in.what.body));
    if (!answer) {
        co_return failure_answer("a report", answer.error());
    }
    if (answer->verdict == access::allowed) {
        s->push->note_contact(id);
        if (answer->follow_up) {
            s->push->push_if_pending(id, s->world.now() + follow_up_after, in.event);
        }
    }
    if (s->options.bugs.has(defect::document_inside_command)) {
        answer->command = with_document_inside(answer->command);
    }
    co_return answer_loop(std::move(*answer));
}

} // namespace pomona::server
