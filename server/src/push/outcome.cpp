#include "push/outcome.hpp"

#include "pomona/protocol/apns/message.hpp"
#include "pomona/protocol/ddm/messages.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_answer = 64U << 10U;

struct answer_body {
    std::string reason;
    std::optional<time_point> gone_since;
};

answer_body read_answer(bytes_view body) {
    answer_body out;
    const auto read = ddm::parse_json(body, max_answer, 8);
    if (!read || !(*read)->is_object()) {
        return out;
    }
    const auto& root = **read;
    if (root.contains("reason") && root["reason"].is_string()) {
        out.reason = root["reason"].get<std::string>();
    }
    // Apple, "Handling notification responses": milliseconds since 1970.
    constexpr std::int64_t year_9999_ms = 253'402'300'799'000;
    if (root.contains("timestamp") && root["timestamp"].is_number_integer()) {
        const auto ms = root["timestamp"].get<std::int64_t>();
        if (ms >= 0 && ms < std::min<std::int64_t>(year_9999_ms, INT64_MAX / 1'000'000)) {
            out.gone_since = time_point{std::chrono::milliseconds{ms}};
        }
    }
    return out;
}

} // namespace

push_judgement judge_push(unsigned status, bytes_view body, time_point token_updated) {
    if (status == 200) {
        return {push_verdict::accepted, {}};
    }
    auto read = read_answer(body);
    const auto reason = apns::parse_reason(read.reason);
    if (read.reason.empty()) {
        read.reason = "status " + std::to_string(status);
    }
    const auto as = [&](push_verdict v) { return push_judgement{v, read.reason}; };
    if (status == 410) {
        // APNS-048: that verdict is about the time before the Mac told its token again.
        return as(read.gone_since && *read.gone_since < token_updated ? push_verdict::later
                                                                      : push_verdict::token_dead);
    }
    if (reason == apns::reason::bad_device_token ||
        reason == apns::reason::device_token_not_for_topic) {
        return as(push_verdict::token_dead); // APNS-047
    }
    if (status == 403) {
        return as(push_verdict::certificate); // APNS-050
    }
    if (status == 429 || status >= 500) {
        return as(push_verdict::later); // APNS-049
    }
    return as(push_verdict::refused);
}

std::optional<duration> retry_delay(unsigned failures) {
    if (failures == 0 || failures > 10) {
        return std::nullopt;
    }
    return std::min<duration>(5s * (1U << (failures - 1)), 15min);
}

std::optional<duration> reminder_delay(unsigned reminders) {
    if (reminders >= 6) {
        return std::nullopt;
    }
    return 5min * (1U << (2 * reminders));
}

} // namespace pomona::server
