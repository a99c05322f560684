#include "apns/judge.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/uuid.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace pomona::sim::apns {

namespace {

using pomona::apns::reason;
using namespace std::chrono_literals;

constexpr std::string_view device_path = "/3/device/";
/// Apple: a notification without apns-expiration is kept for up to 30 days, and none for longer.
constexpr duration longest_storage = std::chrono::days{30};
constexpr std::size_t token_bytes = 32;
constexpr std::size_t max_collapse_id_bytes = 64;

constexpr std::array<std::string_view, 7> single_headers{
    "apns-topic",    "apns-push-type",   "apns-id",      "apns-expiration",
    "apns-priority", "apns-collapse-id", "authorization"};

constexpr std::array<std::string_view, 11> push_types{
    "mdm",          "alert",        "background", "location", "voip",   "complication",
    "fileprovider", "liveactivity", "pushtotalk", "controls", "widgets"};

/// A request on its way through the rules: what one rule has read, later ones use.
struct reading {
    const request_facts& facts;
    const std::optional<token_state>& token;
    const rules& how;
    verdict& out;

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
        return net::find_header(facts.headers, name);
    }
};

/// libstdc++ 12 has no std::ranges::contains.
template <class Range, class Value>
bool contains(const Range& all, const Value& one) {
    return std::ranges::find(all, one) != all.end();
}

using broken = std::optional<reason>;

broken outage(reading& r) {
    return r.how.outage;
}

broken method(reading& r) {
    return r.facts.method == "POST" ? broken{} : reason::method_not_allowed;
}

broken path(reading& r) {
    const auto path = net::path_of(r.facts.target);
    if (!path.starts_with(device_path) || path.find('/', device_path.size()) != path.npos) {
        return reason::bad_path;
    }
    return path == device_path ? broken{reason::missing_device_token} : broken{};
}

broken duplicate_headers(reading& r) {
    const bool twice = std::ranges::any_of(single_headers, [&](std::string_view name) {
        return net::count_headers(r.facts.headers, name) > 1;
    });
    return twice ? broken{reason::duplicate_headers} : broken{};
}

broken message_id(reading& r) {
    const auto id = r.header("apns-id");
    if (!id) {
        return {};
    }
    if (!is_uuid(*id)) {
        return reason::bad_message_id; // the answer then carries a new one
    }
    r.out.id = std::string{*id};
    return {};
}

broken provider(reading& r) {
    switch (r.facts.who.state) {
    case credential::kind::trusted:
        // Apple does not say what a token beside a certificate does; Choice: the certificate
        // counts.
        return {};
    case credential::kind::refused:
        return reason::bad_certificate;
    case credential::kind::wrong_environment:
        return reason::bad_certificate_environment;
    case credential::kind::token:
        return {};
    case credential::kind::bad_token:
        return reason::invalid_provider_token;
    case credential::kind::expired_token:
        return reason::expired_provider_token;
    case credential::kind::too_many_tokens:
        return reason::too_many_provider_token_updates;
    case credential::kind::none:
        break;
    }
    return reason::missing_provider_token;
}

broken push_topic(reading& r) {
    const auto asked = r.header("apns-topic");
    const auto& allowed = r.facts.who.topics;
    if (!asked) {
        if (allowed.size() != 1 || r.facts.who.state == credential::kind::token) {
            return reason::missing_topic;
        }
        r.out.for_topic = allowed.front();
        return {};
    }
    if (!is_topic(*asked)) {
        return reason::bad_topic;
    }
    r.out.for_topic = topic{std::string{*asked}};
    return contains(allowed, r.out.for_topic) ? broken{} : reason::topic_disallowed;
}

broken push_type(reading& r) {
    const auto type = r.header("apns-push-type");
    return !type || contains(push_types, *type) ? broken{} : reason::invalid_push_type;
}

broken expiration(reading& r) {
    r.out.expires = r.facts.now + longest_storage;
    const auto text = r.header("apns-expiration");
    if (!text) {
        return {};
    }
    long long seconds = 0;
    const auto* const end = text->data() + text->size();
    const auto [stop, code] = std::from_chars(text->data(), end, seconds);
    if (code != std::errc{} || stop != end || seconds < 0) {
        return reason::bad_expiration_date;
    }
    // Compared in seconds first: a date beyond the year 2262 is no point in time here.
    const auto latest = std::chrono::floor<std::chrono::seconds>(r.out.expires);
    if (seconds < latest.time_since_epoch().count()) {
        r.out.expires = time_point{std::chrono::seconds{seconds}};
    }
    return {};
}

broken priority(reading& r) {
    const auto text = r.header("apns-priority");
    const bool good = !text || *text == "10" || *text == "5" || *text == "1";
    return good ? broken{} : reason::bad_priority;
}

broken collapse_id(reading& r) {
    const auto text = r.header("apns-collapse-id");
    return text && text->size() > max_collapse_id_bytes ? broken{reason::bad_collapse_id}
                                                        : broken{};
}

broken payload_empty(reading& r) {
    return r.facts.body_bytes == 0 ? broken{reason::payload_empty} : broken{};
}

broken payload_size(reading& r) {
    return r.facts.body_bytes > r.how.max_payload_bytes ? broken{reason::payload_too_large}
                                                        : broken{};
}

broken token_form(reading& r) {
    const auto& token = r.facts.token;
    const bool usable =
        token && (token->value().size() == token_bytes || r.how.any_token_length) && r.token;
    return usable ? broken{} : reason::bad_device_token;
}

broken token_life(reading& r) {
    if (!r.token->dead_since) {
        return {};
    }
    const auto since = std::min(*r.token->dead_since, r.facts.now).time_since_epoch();
    r.out.timestamp_ms = std::chrono::floor<std::chrono::milliseconds>(since).count();
    return r.token->death;
}

broken token_topic(reading& r) {
    r.out.deliver = r.token->owner == r.out.for_topic;
    return r.out.deliver || r.how.silent_drop ? broken{} : reason::device_token_not_for_topic;
}

broken rate(reading& r) {
    const auto limit = r.how.pushes_a_minute;
    return limit != 0 && r.token->pushes_in_last_minute >= limit ? broken{reason::too_many_requests}
                                                                 : broken{};
}

/// Choice: Apple does not say which reason wins when several apply. Known (field reports): a
/// request without a credential gets MissingProviderToken whatever its token is, so the credential
/// stands before everything about the token.
constexpr std::array order{outage,      method,        path,         duplicate_headers, message_id,
                           provider,    push_topic,    push_type,    expiration,        priority,
                           collapse_id, payload_empty, payload_size, token_form,        token_life,
                           token_topic, rate};

} // namespace

bool is_topic(std::string_view text) {
    return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_';
    });
}

std::optional<push_token> token_in(std::string_view target) {
    auto path = net::path_of(target);
    if (!path.starts_with(device_path)) {
        return std::nullopt;
    }
    path.remove_prefix(device_path.size());
    auto raw = from_hex(path);
    if (!raw || raw->empty()) {
        return std::nullopt;
    }
    return push_token{std::move(*raw)};
}

verdict judge(const request_facts& facts, const std::optional<token_state>& token, const rules& r) {
    verdict out;
    reading state{.facts = facts, .token = token, .how = r, .out = out};
    for (const auto rule : order) {
        if (const auto why = rule(state)) {
            out.refused = why;
            out.deliver = false;
            break;
        }
    }
    if (!out.refused || pomona::apns::status_of(*out.refused) != 410) {
        out.timestamp_ms.reset();
    }
    return out;
}

} // namespace pomona::sim::apns
