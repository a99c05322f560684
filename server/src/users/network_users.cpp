#include "users/network_users.hpp"

#include "pomona/protocol/plist/codec.hpp"

namespace pomona::server {
namespace {

// Choice: how long a user may take to type, and how many may be at it.
constexpr auto challenge_lifetime = std::chrono::minutes{5};
constexpr std::size_t most_open = 10'000;

} // namespace

void network_users::put(const std::string& short_name, std::string_view password) {
    secrets_[short_name] =
        password.empty() ? std::string{} : mdm::digest_secret(short_name, realm, password);
}

bool network_users::remove(std::string_view short_name) {
    const auto found = secrets_.find(short_name);
    if (found == secrets_.end()) {
        return false;
    }
    secrets_.erase(found);
    return true;
}

std::vector<std::string> network_users::names() const {
    std::vector<std::string> out;
    for (const auto& [name, secret] : secrets_) {
        out.push_back(name);
    }
    return out;
}

bytes network_users::save() const {
    plist::dict out;
    for (const auto& [name, secret] : secrets_) {
        out.set(name, secret);
    }
    return plist::to_xml(std::move(out));
}

result<network_users> network_users::load(bytes_view saved) {
    auto read = plist::parse_dict(saved);
    if (!read) {
        return std::unexpected(std::move(read.error()));
    }
    network_users out;
    for (const auto& e : *read) {
        if (const auto* secret = e.item.get<std::string>()) {
            out.secrets_[e.key] = *secret;
        }
    }
    return out;
}

std::optional<std::string> network_users::challenge(const std::string& channel,
                                                    std::string_view short_name, std::string nonce,
                                                    time_point now) {
    open_.erase(channel);
    const auto known = secrets_.find(short_name);
    if (known == secrets_.end() && (!short_name.empty() || secrets_.empty())) {
        return std::nullopt;
    }
    if (known != secrets_.end() && known->second.empty()) {
        return std::string{};
    }
    std::erase_if(open_, [now](const auto& one) { return one.second.until <= now; });
    if (open_.size() >= most_open) {
        open_.erase(open_.begin());
    }
    auto text = mdm::write_digest_challenge({nonce, std::string{realm}});
    open_.emplace(channel, asked{std::move(nonce), now + challenge_lifetime});
    return text;
}

bool network_users::is_right(const std::string& channel, std::string_view response,
                             time_point now) {
    const auto asked_for = open_.extract(channel);
    const auto answer = mdm::parse_digest_response(response);
    if (asked_for.empty() || asked_for.mapped().until <= now || !answer) {
        return false;
    }
    const auto known = secrets_.find(answer->username);
    return known != secrets_.end() && !known->second.empty() &&
           mdm::is_right_digest(*answer, {asked_for.mapped().nonce, std::string{realm}},
                                known->second);
}

bool network_users::wants_token(std::string_view short_name) const {
    const auto known = secrets_.find(short_name);
    return known != secrets_.end() && !known->second.empty();
}

} // namespace pomona::server
