#include "apns/faults.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::apns {

namespace {

struct description {
    fault what;
    std::string_view name;
    std::string_view about;
};
constexpr std::array<description, 12> descriptions{{
    {fault::answer, "answer",
     "The push is refused with a reason of the table (InternalServerError unless given)."},
    {fault::unregistered, "unregistered",
     "410 Unregistered, dead since now; the token itself lives on."},
    {fault::too_many_requests, "too-many-requests", "429 TooManyRequests."},
    {fault::service_unavailable, "service-unavailable", "503 ServiceUnavailable."},
    {fault::lose_request, "lose-request",
     "The push is lost, and the connection ends in place of an answer."},
    {fault::refuse_stream, "refuse-stream",
     "RST_STREAM(REFUSED_STREAM): the push may be sent again."},
    {fault::delay, "delay", "The push is delivered at once, its answer comes later."},
    {fault::lose_answer, "lose-answer",
     "The push is delivered, and the connection ends in place of the answer."},
    {fault::silent_drop, "silent-drop", "200, and nothing is delivered."},
    {fault::close_in_body, "close-in-body",
     "503, and the connection ends in the middle of its body."},
    {fault::one_stream, "one-stream",
     "The answer comes with a limit of one stream, until the next accepted push."},
    {fault::shutdown, "shutdown",
     "Every connection is told to end behind the answer: GOAWAY, Shutdown."},
}};

constexpr auto names = [] {
    std::array<fault, descriptions.size()> out{};
    std::ranges::transform(descriptions, out.begin(), &description::what);
    return out;
}();

const description& find(fault f) {
    return descriptions.at(static_cast<std::size_t>(f));
}

} // namespace

std::string_view name_of(fault f) {
    return find(f).name;
}

std::string_view about(fault f) {
    return find(f).about;
}

std::optional<fault> find_fault(std::string_view name) {
    const auto* const found = std::ranges::find(descriptions, name, &description::name);
    return found == descriptions.end() ? std::nullopt : std::optional{found->what};
}

std::span<const fault> all_faults() {
    return names;
}

bool fault_orders::add(fault_order one) {
    if (orders_.size() >= most) {
        return false;
    }
    orders_.push_back(std::move(one));
    return true;
}

std::optional<fault_order> fault_orders::take(const push_token& token, const topic& for_topic,
                                              const std::function<unsigned()>& draw) {
    for (auto one = orders_.begin(); one != orders_.end(); ++one) {
        if ((one->token && *one->token != token) ||
            (one->for_topic && *one->for_topic != for_topic) ||
            (one->percent < 100 && draw() >= one->percent)) {
            continue;
        }
        auto out = *one;
        if (--one->times == 0) {
            orders_.erase(one);
        }
        return out;
    }
    return std::nullopt;
}

} // namespace pomona::sim::apns
