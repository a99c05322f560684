#include "apns/provider_tokens.hpp"

#include "pomona/protocol/crypto/jws.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace pomona::sim::apns {
namespace {

using namespace std::chrono_literals;

constexpr duration token_lifetime = 1h;     ///< Apple: older is ExpiredProviderToken
constexpr duration update_window = 20min;   ///< Apple: not more often than once in 20 minutes
constexpr std::size_t tokens_in_window = 2; ///< Observed: the third different one is refused
constexpr duration clock_tolerance = 5min;  ///< Choice: a provider's clock may be ahead
constexpr std::size_t max_known = 10'000;   ///< Choice: a bound on memory

const credential bad_token{.state = credential::kind::bad_token, .topics = {}};

/// The token behind "bearer", compared without case; empty when there is none.
std::string_view token_in_header(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    const bool fits = authorization.size() > scheme.size() &&
                      std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, lower);
    return fits ? authorization.substr(scheme.size()) : std::string_view{};
}

std::string text_in(const nlohmann::json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found == object.end() || !found->is_string() ? std::string{} : found->get<std::string>();
}

std::optional<time_point> issued_at(const nlohmann::json& claims) {
    const auto found = claims.is_object() ? claims.find("iat") : claims.end();
    if (found == claims.end() || !found->is_number_integer()) {
        return std::nullopt;
    }
    const auto seconds = found->get<std::int64_t>();
    return seconds < 0 || seconds > 9'000'000'000
               ? std::nullopt
               : std::optional{time_point{std::chrono::seconds{seconds}}};
}

} // namespace

void provider_tokens::add(signing_key key) {
    // Apple, "Setting up push notifications for your MDM customers": never by token (APNS-013).
    std::erase_if(key.topics,
                  [](const topic& t) { return t.value().starts_with("com.apple.mgmt."); });
    auto id = key.key_id;
    keys_.insert_or_assign(std::move(id), registered{.key = std::move(key), .recent = {}});
}

const provider_tokens::verified* provider_tokens::verify(std::string_view jwt, const bytes& name) {
    if (const auto found = known_.find(name); found != known_.end()) {
        return &found->second;
    }
    const auto jws = crypto::parse_jws(jwt);
    if (!jws) {
        return nullptr;
    }
    const auto header = nlohmann::json::parse(jws->header, nullptr, false);
    const auto claims = nlohmann::json::parse(jws->claims, nullptr, false);
    const auto key = keys_.find(text_in(header, "kid"));
    const auto issued = issued_at(claims);
    if (text_in(header, "alg") != "ES256" || key == keys_.end() || !issued ||
        text_in(claims, "iss") != key->second.key.team ||
        !crypto::verify_jws(ctx_, *jws, crypto::jws_algorithm::es256, key->second.key.public_key)) {
        return nullptr;
    }
    if (known_.size() >= max_known) {
        known_.clear();
    }
    return &known_.emplace(name, verified{.key_id = key->first, .issued = *issued}).first->second;
}

bool provider_tokens::is_one_too_many(registered& key, const bytes& name, time_point now) {
    auto& recent = key.recent;
    while (!recent.empty() && recent.front().first + update_window <= now) {
        recent.pop_front();
    }
    const bool is_known =
        std::ranges::any_of(recent, [&](const auto& item) { return item.second == name; });
    if (is_known) {
        return false;
    }
    if (recent.size() >= tokens_in_window) {
        return true;
    }
    recent.emplace_back(now, name);
    return false;
}

bool provider_tokens::is_other_team(const std::string& connection, const std::string& team) {
    if (teams_.size() >= max_known) {
        teams_.clear();
    }
    return teams_.try_emplace(connection, team).first->second != team;
}

const bytes& provider_tokens::name_of(std::string_view jwt) {
    if (last_name_.empty() || last_token_ != jwt) {
        last_name_ = crypto::sha256(as_bytes(jwt));
        last_token_ = jwt;
    }
    return last_name_;
}

credential provider_tokens::read(std::string_view authorization, const std::string& connection,
                                 time_point now) {
    const auto jwt = token_in_header(authorization);
    const auto& name = name_of(jwt);
    const auto* const token = jwt.empty() ? nullptr : verify(jwt, name);
    const auto key = token == nullptr ? keys_.end() : keys_.find(token->key_id);
    if (key == keys_.end() || token->issued > now + clock_tolerance ||
        is_other_team(connection, key->second.key.team)) {
        return bad_token;
    }
    if (token->issued + token_lifetime < now) {
        return {.state = credential::kind::expired_token, .topics = {}};
    }
    if (is_one_too_many(key->second, name, now)) {
        return {.state = credential::kind::too_many_tokens, .topics = {}};
    }
    return {.state = credential::kind::token, .topics = key->second.key.topics};
}

} // namespace pomona::sim::apns
