#include "abm/business_auth.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/jws.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view assertion_type =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::size_t access_token_bytes = 48;
constexpr std::size_t max_tokens = 10'000;
constexpr duration clock_tolerance = std::chrono::minutes{5};
/// Both are in use: Apple's page, and what public clients post to.
constexpr std::array<std::string_view, 2> audiences{
    "https://account.apple.com/auth/oauth2/v2/token",
    "https://account.apple.com/auth/oauth2/token"};

net::reply answer(unsigned status, const json& body) {
    net::reply out;
    out.what.status = status;
    out.what.headers = {{"Content-Type", "application/json;charset=UTF-8"},
                        {"Cache-Control", "no-store"}}; // RFC 6749 section 5.1
    out.what.body = to_bytes(body.dump());
    return out;
}

/// A parameter of the form body, else of the query.
std::optional<std::string> parameter(const net::request& what, std::string_view name) {
    std::string form = "?" + std::string{what.body.begin(), what.body.end()};
    std::ranges::replace(form, '+', ' ');
    if (auto found = net::query_parameter(form, name)) {
        return found;
    }
    return net::query_parameter(what.target, name);
}

std::string text_in(const json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found == object.end() || !found->is_string() ? std::string{} : found->get<std::string>();
}

std::optional<time_point> time_in(const json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    if (found == object.end() || !found->is_number_integer()) {
        return std::nullopt;
    }
    const auto seconds = found->get<std::int64_t>();
    return seconds < 0 || seconds > 9'000'000'000
               ? std::nullopt
               : std::optional{time_point{std::chrono::seconds{seconds}}};
}

bool times_hold(const json& claims, time_point now) {
    const auto issued = time_in(claims, "iat");
    const auto ends = time_in(claims, "exp");
    return issued && ends && *issued <= now + clock_tolerance && *ends > now &&
           *ends - *issued <= max_assertion_lifetime;
}

} // namespace

void business_auth::add(api_account account) {
    accounts_.insert_or_assign(account.client_id, std::move(account));
}

bool business_auth::holds(std::string_view client_id, std::string_view assertion) {
    const auto account = accounts_.find(std::string{client_id});
    const auto jws = crypto::parse_jws(assertion);
    if (account == accounts_.end() || !jws) {
        return false;
    }
    const auto header = json::parse(jws->header, nullptr, false);
    const auto claims = json::parse(jws->claims, nullptr, false);
    const auto audience = text_in(claims, "aud");
    return text_in(header, "alg") == "ES256" && text_in(header, "kid") == account->second.key_id &&
           text_in(claims, "iss") == client_id && text_in(claims, "sub") == client_id &&
           !text_in(claims, "jti").empty() &&
           std::ranges::find(audiences, audience) != audiences.end() &&
           times_hold(claims, world_->now()) &&
           crypto::verify_jws(world_->crypto(), *jws, crypto::jws_algorithm::es256,
                              account->second.public_key)
               .has_value();
}

net::reply business_auth::issue(const net::request& what) {
    if (what.method != "POST") {
        return answer(405, {{"error", "invalid_request"}});
    }
    const auto get = [&](std::string_view name) { return parameter(what, name).value_or(""); };
    const auto client = get("client_id");
    const auto scope = get("scope");
    if (get("grant_type") != "client_credentials") {
        return answer(400, {{"error", "unsupported_grant_type"}});
    }
    if (get("client_assertion_type") != assertion_type || !holds(client, get("client_assertion"))) {
        return answer(400, {{"error", "invalid_client"}});
    }
    const auto* right = client.starts_with("SCHOOLAPI.") ? "school.api" : "business.api";
    if (scope != right) {
        return answer(400, {{"error", "invalid_scope"}});
    }
    const auto now = world_->now();
    std::erase_if(tokens_, [&](const auto& item) { return item.second <= now; });
    if (tokens_.size() >= max_tokens) {
        return answer(429, {{"error", "temporarily_unavailable"}});
    }
    const auto token = to_base64url(world_->random(access_token_bytes));
    tokens_.emplace(token, now + access_token_lifetime);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(access_token_lifetime).count();
    return answer(200, {{"access_token", token},
                        {"token_type", "Bearer"},
                        {"expires_in", seconds},
                        {"scope", scope}});
}

bool business_auth::permits(const net::request& what) const {
    constexpr std::string_view scheme = "Bearer ";
    const auto header = net::find_header(what.headers, "authorization");
    if (!header || !header->starts_with(scheme)) {
        return false;
    }
    const auto found = tokens_.find(header->substr(scheme.size()));
    return found != tokens_.end() && found->second > world_->now();
}

} // namespace pomona::sim::abm
