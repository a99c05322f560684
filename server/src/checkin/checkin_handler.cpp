#include "answers.hpp"
#include "checkin/put_request.hpp"
#include "handlers.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "users/user_tokens.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pomona::server {
namespace {

/// One answer for what the binding rule says; `allowed` when it says so.
net::response answer_access(const result<access>& verdict, net::response allowed) {
    if (!verdict) {
        return failure_answer("a check-in", verdict.error());
    }
    switch (*verdict) {
    case access::allowed:
    case access::rebind:
        return allowed;
    case access::unrecognized:
        return unrecognized_answer();
    case access::premature:
        return plain_answer(403, "the device channel has to be enrolled first");
    case access::refused:
        break;
    }
    return plain_answer(403, "this certificate belongs to another enrollment");
}

net::response answer_malformed(const error& why) {
    spdlog::info("a check-in message cannot be read: {}", why.message());
    return plain_answer(400, "this is not a check-in message"); // MDM-CHK-048, MDM-CHK-049
}

net::task<result<void>> queue_one(service_ptr s, enrollment_id id, plist::dict body) {
    const mdm::command c{command_uuid{s->world.random_uuid()}, *body.string("RequestType"), body};
    std::vector<enrollment_id> ids{std::move(id)};
    auto done =
        co_await s->keep->enqueue(std::move(ids), c.uuid, c.request_type, mdm::write_command(c));
    co_return done ? result<void>{} : std::unexpected(std::move(done.error()));
}

/// Apple, "Token Update": a Mac that awaits its configuration stays in Setup Assistant until
/// DeviceConfigured, which comes after what sets it up (MDM-CHK-045, MDM-CHK-046). The same
/// TokenUpdate may come twice.
net::task<result<void>> queue_setup(service_ptr s, enrollment_id id) {
    constexpr std::int64_t enough = 200;
    auto known = co_await s->keep->commands(id, enough);
    if (!known) {
        co_return std::unexpected(std::move(known.error()));
    }
    const auto is_open = [&](std::string_view type) {
        return std::ranges::any_of(*known, [&](const command_row& row) {
            return row.status.empty() && row.request_type == type;
        });
    };
    if (is_open("DeviceConfigured")) {
        co_return result<void>{};
    }
    const auto settings = s->ade;
    for (const auto& command : settings.setup_commands) {
        if (!is_open(*command.string("RequestType"))) {
            if (auto done = co_await queue_one(s, id, command); !done) {
                co_return done;
            }
        }
    }
    if (!settings.hold_device_configured) {
        co_return co_await queue_one(s, id, {{"RequestType", "DeviceConfigured"}});
    }
    co_return result<void>{};
}

net::task<net::response> answer_token_update(service_ptr s, presented who,
                                             mdm::token_update message, std::uint64_t event) {
    const auto id = who.from.id();
    if (s->push->identity() && s->push->identity()->topic != message.topic) {
        spdlog::warn("enrollment {} has the topic {}, which is not the push certificate's",
                     escape(id.value(), 100), escape(message.topic.value()));
    }
    const bool awaiting = message.awaiting_configuration;
    auto verdict = co_await s->keep->token_update(std::move(who), std::move(message));
    if (verdict && *verdict == access::allowed) {
        if (awaiting) {
            if (auto queued = co_await queue_setup(s, id); !queued) {
                co_return failure_answer("queueing set-up commands", queued.error());
            }
        }
        s->push->push_if_pending(id, s->world.now(), event);
    }
    co_return answer_access(verdict, empty_answer());
}

/// Messages that are no part of the enrollment itself: bootstrap tokens.
net::task<std::optional<net::response>> answer_by_name(service_ptr s, presented who,
                                                       plist::dict message) {
    const auto* name = message.string(mdm::key::message_type);
    if (name == nullptr) {
        co_return std::nullopt;
    }
    if (*name == "SetBootstrapToken") {
        const auto* token = message.data("BootstrapToken");
        // Schema, SetBootstrapToken: absent or empty deletes it (MDM-CHK-034).
        const auto verdict = co_await s->keep->set_bootstrap_token(
            std::move(who), token == nullptr ? bytes{} : *token);
        co_return answer_access(verdict, empty_answer());
    }
    if (*name == "GetBootstrapToken") {
        auto read = co_await s->keep->bootstrap_token(std::move(who));
        if (!read) {
            co_return failure_answer("reading a bootstrap token", read.error());
        }
        plist::dict out;
        if (!read->second.empty()) { // MDM-CHK-032: the key is absent when there is none
            out.set("BootstrapToken", std::move(read->second));
        }
        co_return answer_access(
            read->first, answer_with(200, mdm::xml_content_type, plist::to_xml(std::move(out))));
    }
    co_return std::nullopt;
}

mdm::sender sender_of(const plist::dict& message) {
    const auto text = [&](std::string_view key) {
        const auto* found = message.string(key);
        return found == nullptr ? std::string{} : *found;
    };
    mdm::sender out;
    out.device = udid{text(mdm::key::udid)};
    out.enrollment = out.device.empty() ? text(mdm::key::enrollment_id) : std::string{};
    out.user_id = text(mdm::key::user_id);
    return out;
}

net::task<net::response> answer_other(service_ptr s, crypto::certificate cert, net::incoming in,
                                      error why) {
    auto message = plist::parse_dict(in.what.body);
    if (!message) {
        co_return answer_malformed(why);
    }
    presented who{cert.sha256(), sender_of(*message), s->world.now()};
    if (who.from.id().empty()) {
        co_return answer_malformed(why);
    }
    auto answered = co_await answer_by_name(s, std::move(who), std::move(*message));
    co_return answered ? std::move(*answered) : answer_malformed(why);
}

} // namespace

net::task<net::response> answer_checkin(service_ptr s, net::incoming in) {
    const auto now = s->world.now();
    auto sender = sender_of_put(s, in, now);
    if (!sender) {
        co_return std::move(sender.error());
    }
    const auto cert = std::move(*sender);
    const auto event = in.event;
    auto message = mdm::parse_checkin(in.what.body);
    if (!message) {
        co_return co_await answer_other(s, cert, std::move(in), message.error());
    }
    // A message of a user's channel must not pass for the device's.
    if (message->from.user_id.empty() && !message->from.user_short_name.empty()) {
        co_return plain_answer(400, "a message of a user needs UserID");
    }
    presented who{cert.sha256(), message->from, now};
    if (auto* m = std::get_if<mdm::authenticate>(&message->body)) {
        if (message->from.is_user_channel()) {
            co_return plain_answer(400, "Authenticate belongs to the device channel");
        }
        // ENR-045: a profile that a user got for one Mac is of no use to another.
        if (const auto reference = net::query_parameter(in.what.target, enroll_reference);
            reference && !is_reference_of(s->reference_key, *reference, m->serial)) {
            co_return plain_answer(403, "this enrollment profile was given to another Mac");
        }
        const auto verdict = co_await s->keep->authenticate(std::move(who), std::move(*m));
        co_return answer_access(verdict, empty_answer());
    }
    if (auto* m = std::get_if<mdm::user_authenticate>(&message->body)) {
        co_return co_await answer_user_authenticate(s, std::move(who), std::move(*m));
    }
    if (const auto may = co_await has_its_token(s, message->from); !may || !*may) {
        co_return may ? token_refusal() : failure_answer("a check-in", may.error());
    }
    if (auto* m = std::get_if<mdm::token_update>(&message->body)) {
        co_return co_await answer_token_update(s, std::move(who), std::move(*m), event);
    }
    if (auto* m = std::get_if<mdm::declarative_management>(&message->body)) {
        co_return co_await answer_declarative(s, std::move(who), std::move(*m));
    }
    if (message->from.is_user_channel()) {
        co_return plain_answer(400, "CheckOut belongs to the device channel");
    }
    const auto verdict = co_await s->keep->check_out(std::move(who));
    co_return answer_access(verdict, empty_answer());
}

} // namespace pomona::server
