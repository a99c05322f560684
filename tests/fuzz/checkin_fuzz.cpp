// Check-in messages, command reports and commands from arbitrary bodies.
#include "pomona/protocol/mdm/command.hpp"
#include "property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pomona::mdm;
    const pomona::bytes_view body{data, size};
    if (const auto message = parse_checkin(body)) {
        const auto again = parse_checkin(write_checkin(*message));
        must(again.has_value());
        must(again->body.index() == message->body.index());
        // Written once, the identifier has no character left that XML cannot carry.
        const auto third = parse_checkin(write_checkin(*again));
        must(third && third->from.id() == again->from.id());
    }
    if (const auto report = parse_report(body)) {
        const auto again = parse_report(write_report(*report));
        must(again.has_value());
        must(again->status == report->status && again->errors.size() == report->errors.size());
        must(again->result.size() <= report->result.size());
    }
    if (const auto command = parse_command(body)) {
        must(parse_command(write_command(*command)).has_value());
    }
    return 0;
}
