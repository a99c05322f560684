#include "users/user_tokens.hpp"

#include "answers.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/mdm/keys.hpp"

namespace pomona::server {
namespace {

constexpr std::string_view users_setting = "network-users";
constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t token_bytes = 24;
constexpr std::size_t most_cached = 100'000;

std::string setting_of(const std::string& channel) {
    return "auth-token:" + channel;
}

net::response answer_plist(plist::dict d) {
    return answer_with(200, mdm::xml_content_type, plist::to_xml(std::move(d)));
}

/// The hash is kept, never the token. Empty: none is wanted any more.
net::task<result<void>> keep_token(service_ptr s, std::string channel, bytes hash) {
    std::vector<std::pair<std::string, bytes>> values;
    values.emplace_back(setting_of(channel), hash);
    auto kept = co_await s->keep->set_settings(std::move(values));
    if (kept) {
        s->auth_tokens[std::move(channel)] = std::move(hash);
    }
    co_return kept;
}

net::task<net::response> first_step(service_ptr s, presented who) {
    const auto channel = who.from.id().value();
    const auto challenge = s->users.challenge(channel, who.from.user_short_name,
                                              to_base64(s->world.random(nonce_bytes)), who.now);
    if (!challenge) { // MDM-CHK-037
        co_return plain_answer(410, "this user is not managed here");
    }
    // Apple: a token is good until the next UserAuthenticate.
    if (auto kept = co_await keep_token(s, channel, {}); !kept) {
        co_return failure_answer("a user's log-in", kept.error());
    }
    co_return answer_plist({{std::string{mdm::key::digest_challenge}, *challenge}});
}

net::task<net::response> second_step(service_ptr s, presented who, std::string response) {
    const auto channel = who.from.id().value();
    if (!s->users.is_right(channel, response, who.now)) { // MDM-CHK-038
        co_return answer_plist({{std::string{mdm::key::auth_token}, ""}});
    }
    const auto token = to_base64(s->world.random(token_bytes));
    auto kept = co_await keep_token(s, channel, crypto::sha256(as_bytes(token)));
    co_return kept ? answer_plist({{std::string{mdm::key::auth_token}, token}})
                   : failure_answer("a user's log-in", kept.error());
}

} // namespace

net::task<net::response> answer_user_authenticate(service_ptr s, presented who,
                                                  mdm::user_authenticate message) {
    // Schema mdm/checkin/userauthenticate.yaml: not in user enrollment.
    if (!who.from.is_user_channel() || who.from.device.empty()) {
        co_return plain_answer(400, "UserAuthenticate needs UDID and UserID");
    }
    const auto verdict = co_await s->keep->judge_sender(who);
    if (!verdict) {
        co_return failure_answer("a user's log-in", verdict.error());
    }
    if (*verdict == access::unrecognized) {
        co_return unrecognized_answer();
    }
    if (*verdict != access::allowed && *verdict != access::rebind) {
        co_return plain_answer(403, "this certificate belongs to another enrollment");
    }
    if (!message.digest_response) {
        co_return co_await first_step(std::move(s), std::move(who));
    }
    co_return co_await second_step(std::move(s), std::move(who),
                                   *std::move(message.digest_response));
}

net::task<result<bool>> has_its_token(service_ptr s, mdm::sender from) {
    if (!from.is_user_channel() || from.device.empty()) {
        co_return true;
    }
    const auto channel = from.id().value();
    auto known = s->auth_tokens.find(channel);
    if (known == s->auth_tokens.end()) {
        auto kept = co_await s->keep->setting(setting_of(channel));
        if (!kept) {
            co_return std::unexpected(std::move(kept.error()));
        }
        if (s->auth_tokens.size() >= most_cached) {
            s->auth_tokens.clear();
        }
        known = s->auth_tokens.insert_or_assign(channel, *std::move(kept)).first;
    }
    const auto& wanted = known->second;
    if (wanted.empty()) {
        co_return !s->users.wants_token(from.user_short_name);
    }
    co_return crypto::equal_constant_time(crypto::sha256(as_bytes(from.auth_token)), wanted);
}

net::response token_refusal() {
    return plain_answer(403, "this user's message needs the AuthToken of the last log-in");
}

net::task<result<void>> keep_network_users(service_ptr s) {
    std::vector<std::pair<std::string, bytes>> values;
    values.emplace_back(users_setting, s->users.save());
    co_return co_await s->keep->set_settings(std::move(values));
}

net::task<result<void>> load_network_users(service_ptr s) {
    auto kept = co_await s->keep->setting(std::string{users_setting});
    if (!kept) {
        co_return std::unexpected(std::move(kept.error()));
    }
    if (!kept->empty()) {
        auto read = network_users::load(*kept);
        if (!read) {
            co_return std::unexpected(std::move(read.error()));
        }
        s->users = *std::move(read);
    }
    if (s->options.users.empty()) {
        co_return result<void>{};
    }
    for (const auto& u : s->options.users) {
        s->users.put(u.short_name, u.password);
    }
    co_return co_await keep_network_users(std::move(s));
}

} // namespace pomona::server
