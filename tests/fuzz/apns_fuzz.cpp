// The push service's words: reasons and payloads, and the verdict over arbitrary requests. Input:
// lines of headers, an empty line, a body; the first line is method and target.
#include "apns/judge.hpp"
#include "pomona/protocol/apns/message.hpp"
#include "property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pomona;
    const bytes_view input{data, size};
    if (const auto magic = apns::read_mdm_payload(input)) {
        const auto again = apns::read_mdm_payload(as_bytes(apns::mdm_payload(*magic)));
        must(again && *again == *magic);
    }
    if (const auto reason = apns::parse_reason(as_text(input))) {
        must(apns::parse_reason(apns::to_text(*reason)) == reason);
    }
    net::request asked;
    auto rest = as_text(input);
    bool first = true;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (line.empty()) {
            break;
        }
        const auto gap = std::min(line.find(' '), line.size());
        const std::string left{line.substr(0, gap)};
        const std::string right{line.substr(std::min(gap + 1, line.size()))};
        if (std::exchange(first, false)) {
            asked.method = left;
            asked.target = right;
        } else {
            asked.headers.push_back({left, right});
        }
    }
    const auto token = sim::apns::token_in(asked.target);
    must(!token || !token->value().empty());
    const sim::apns::credential trusted{sim::apns::credential::kind::trusted,
                                        {topic{"com.apple.mgmt.x"}}};
    const auto named = sim::apns::token_in(asked.target);
    const auto verdict =
        sim::apns::judge({.method = asked.method,
                          .target = asked.target,
                          .headers = asked.headers,
                          .body_bytes = rest.size(),
                          .who = trusted,
                          .now = time_point{std::chrono::hours{24}},
                          .token = named},
                         sim::apns::token_state{.owner = topic{"com.apple.mgmt.x"}}, {});
    must(!verdict.refused || !verdict.deliver);
    must(!verdict.refused || apns::status_of(*verdict.refused) >= 400);
    return 0;
}
