// A network user's log-in at the MDM server (Apple, "User Authenticate").
#include "mac/user_channel.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "pomona/protocol/mdm/user_authenticate.hpp"

namespace pomona::sim::mac {
namespace {

constexpr unsigned not_managed = 410;

/// The text under `key` of an accepted answer.
std::optional<std::string> text_of(const exchange_outcome& answer, std::string_view key) {
    if (answer.means != standing::accepted) {
        return std::nullopt;
    }
    const auto body = plist::parse_dict(answer.response->body);
    const auto* text = body ? body->string(key) : nullptr;
    return text != nullptr ? std::optional{*text} : std::nullopt;
}

net::task<exchange_outcome> ask(channel_ptr self, std::optional<std::string> response,
                                std::uint64_t cause) {
    const auto& enrolled = *self->mac->current;
    auto client = self->client_of(enrolled);
    auto answer = co_await send_checkin(
        self, std::move(client), enrolled.checkin_url(),
        mdm::user_authenticate{.digest_response = std::move(response)}, cause);
    co_return answer;
}

void decline(channel& c, std::string why, std::uint64_t cause) {
    c.admitted = admission::declined;
    c.record("user-declined", {{"reason", std::move(why)}}, cause);
}

void admit(channel& c, std::string token, std::uint64_t cause) {
    c.admitted = admission::granted;
    c.auth_token = std::move(token);
    c.record("user-authenticated", {{"with_token", !c.auth_token.empty()}}, cause);
}

} // namespace

net::task<standing> authenticate_user(channel_ptr self, channel::stamp begun,
                                      std::uint64_t& cause) {
    self->auth_token.clear(); // valid until the next UserAuthenticate
    auto answer = co_await ask(self, std::nullopt, cause);
    cause = answer.event;
    if (!self->is_still(begun) || ends_enrollment(answer.means)) {
        co_return answer.means;
    }
    if (answer.response && answer.response->status == not_managed) { // MDM-CHK-080
        decline(*self, "410", cause);
        co_return standing::accepted;
    }
    const auto challenge = text_of(answer, mdm::key::digest_challenge);
    if (!challenge) {
        co_return standing::failed;
    }
    if (challenge->empty()) { // the server wants no token: that was it
        admit(*self, {}, cause);
        co_return standing::accepted;
    }
    const auto read = mdm::parse_digest_challenge(*challenge);
    if (!read) {
        co_return standing::failed;
    }
    auto response = mdm::write_digest_response(
        mdm::answer_digest(*read, self->user->short_name, self->user->password));
    answer = co_await ask(self, std::move(response), cause);
    cause = answer.event;
    if (!self->is_still(begun)) {
        co_return answer.means;
    }
    auto token = text_of(answer, mdm::key::auth_token);
    if (!token) {
        co_return answer.means == standing::accepted ? standing::failed : answer.means;
    }
    if (token->empty()) { // Apple: the password is wrong
        decline(*self, "the password is wrong", cause);
    } else {
        admit(*self, *std::move(token), cause);
    }
    co_return standing::accepted;
}

} // namespace pomona::sim::mac
