#include "abm/sessions.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/abm/oauth1.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pomona::sim::abm {
namespace {

using pomona::abm::oauth_parameters;

/// Choice: far above what clients hold at a time.
constexpr std::size_t max_sessions = 10'000;
/// Observed: tokens of over 150 characters; none may be taken for granted.
constexpr std::size_t session_token_bytes = 120;

/// The one value of `name`; nullopt when it is absent, or there twice.
const std::string* only(const oauth_parameters& all, std::string_view name) {
    const std::string* found = nullptr;
    for (const auto& [key, value] : all) {
        if (key == name) {
            if (found != nullptr) {
                return nullptr;
            }
            found = &value;
        }
    }
    return found;
}

bool has_doubles(const oauth_parameters& all) {
    std::set<std::string_view> seen;
    return std::ranges::any_of(all, [&](const auto& p) { return !seen.insert(p.first).second; });
}

/// RFC 5849 section 3.1, as far as the service uses it: each once, nothing else of OAuth's.
std::optional<dep_error> judge_form(const oauth_parameters& all) {
    static constexpr std::array<std::string_view, 8> known{
        "realm",           "oauth_consumer_key", "oauth_token", "oauth_signature_method",
        "oauth_signature", "oauth_timestamp",    "oauth_nonce", "oauth_version"};
    static constexpr std::array<std::string_view, 6> needed{
        "oauth_consumer_key", "oauth_token",     "oauth_signature_method",
        "oauth_signature",    "oauth_timestamp", "oauth_nonce"};
    const bool strange = std::ranges::any_of(
        all, [](const auto& p) { return std::ranges::find(known, p.first) == known.end(); });
    if (strange || has_doubles(all)) {
        return errors::parameter_rejected;
    }
    if (!std::ranges::all_of(needed, [&](auto name) { return only(all, name) != nullptr; })) {
        return errors::parameter_absent;
    }
    if (*only(all, "oauth_signature_method") != "HMAC-SHA1") {
        return errors::signature_method_rejected;
    }
    const auto* version = only(all, "oauth_version");
    return version != nullptr && *version != "1.0" ? std::optional{errors::parameter_rejected}
                                                   : std::nullopt;
}

std::optional<time_point> read_timestamp(const std::string& text) {
    std::int64_t seconds = 0;
    const auto* end = text.data() + text.size();
    const auto [at, failed] = std::from_chars(text.data(), end, seconds);
    if (failed != std::errc{} || at != end || seconds < 0 || seconds > 9'000'000'000) {
        return std::nullopt;
    }
    return time_point{std::chrono::seconds{seconds}};
}

bool same(std::string_view a, std::string_view b) {
    return crypto::equal_constant_time(as_bytes(a), as_bytes(b));
}

} // namespace

std::expected<std::string, dep_error> session_keeper::open(const net::request& what,
                                                           const std::vector<std::string>& urls) {
    const auto who = judge(what, urls);
    if (!who) {
        return std::unexpected(who.error());
    }
    return make((*who)->id);
}

std::expected<server_entry*, dep_error>
session_keeper::judge(const net::request& what, const std::vector<std::string>& urls) {
    const auto header = net::find_header(what.headers, "authorization");
    const auto all = header ? pomona::abm::parse_oauth_header(*header) : std::nullopt;
    if (!all) {
        return std::unexpected(errors::message_format_error);
    }
    if (const auto why = judge_form(*all)) {
        return std::unexpected(*why);
    }
    const auto now = world_->now();
    const auto stamp = read_timestamp(*only(*all, "oauth_timestamp"));
    if (!stamp || *stamp > now + clock_tolerance || *stamp + clock_tolerance < now) {
        return std::unexpected(errors::timestamp_refused);
    }
    auto* const server = of_->server_with_consumer_key(*only(*all, "oauth_consumer_key"));
    if (server == nullptr) {
        return std::unexpected(errors::consumer_key_unknown);
    }
    const auto& token = *server->token;
    if (!same(*only(*all, "oauth_token"), token.access_token)) {
        return std::unexpected(errors::token_rejected);
    }
    if (token.expires <= now) {
        return std::unexpected(errors::token_expired);
    }
    const bool holds = std::ranges::any_of(urls, [&](const std::string& url) {
        const auto base = pomona::abm::oauth_base_string(what.method, url, *all);
        return same(pomona::abm::oauth_signature(base, token.consumer_secret, token.access_secret),
                    *only(*all, "oauth_signature"));
    });
    if (!holds) {
        return std::unexpected(errors::signature_invalid);
    }
    // Only what is signed uses a nonce up: a stranger cannot spoil a client's.
    if (!take_nonce(server->id + '|' + *only(*all, "oauth_timestamp") + '|' +
                        *only(*all, "oauth_nonce"),
                    now)) {
        return std::unexpected(errors::nonce_used);
    }
    return server;
}

bool session_keeper::take_nonce(std::string nonce, time_point now) {
    // Older ones are refused by their timestamp.
    while (!nonce_times_.empty() && nonce_times_.front().first + 2 * clock_tolerance < now) {
        nonces_.erase(nonce_times_.front().second);
        nonce_times_.pop_front();
    }
    if (!nonces_.insert(nonce).second) {
        return false;
    }
    nonce_times_.emplace_back(now, std::move(nonce));
    return true;
}

std::string session_keeper::make(std::string server) {
    const auto now = world_->now();
    std::erase_if(sessions_, [&](const auto& item) { return item.second.ends <= now; });
    if (sessions_.size() >= max_sessions) {
        sessions_.erase(std::ranges::min_element(
            sessions_, {}, [](const auto& item) { return item.second.ends; }));
    }
    auto token = to_base64url(world_->random(session_token_bytes));
    sessions_.insert_or_assign(
        token, session{.server = std::move(server), .ends = now + session_lifetime});
    return token;
}

server_entry* session_keeper::find(std::string_view token) {
    const auto found = sessions_.find(token);
    if (found == sessions_.end() || found->second.ends <= world_->now()) {
        return nullptr;
    }
    return of_->find_server(found->second.server);
}

std::string session_keeper::renew(std::string_view token) {
    const auto found = sessions_.find(token);
    if (found == sessions_.end()) {
        return {};
    }
    auto server = found->second.server;
    sessions_.erase(found);
    return make(std::move(server));
}

} // namespace pomona::sim::abm
