// Apple's schema over a peer's messages: any property list or JSON is judged, with a bounded number
// of findings, and never crashes; an answer formed out of nothing is valid whatever the command is.
#include "pomona/protocol/ddm/messages.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "pomona/protocol/schema/form.hpp"
#include "property.hpp"

#include <nlohmann/json.hpp>

using namespace pomona;

namespace {

constexpr std::size_t most_findings = 400;
constexpr std::size_t largest = 1U << 16U;

schema::context context(std::size_t seed) {
    schema::context c;
    c.os = seed % 2 == 0 ? schema::version{15, 1} : schema::version{26, 4};
    c.channel = seed % 3 == 0 ? schema::channel::user : schema::channel::device;
    c.enrollment = seed % 5 == 0 ? schema::enrollment_kind::user : schema::enrollment_kind::device;
    return c;
}

void check(const schema::findings& all) {
    must(all.size() <= most_findings + 4);
    for (const auto& f : all) {
        must(!f.to_string().empty());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input{data, size};
    const auto c = context(size);
    if (const auto d = plist::parse_dict(input)) {
        check(schema::validate_command(*d, c));
        check(schema::validate_checkin(*d, c));
        const auto* type = d->string("RequestType");
        const auto name = type == nullptr ? std::string{} : *type;
        check(schema::validate_report(name, *d, c));
        const auto* payload = d->string("PayloadType");
        check(schema::validate_payload(payload == nullptr ? std::string{} : *payload, *d, c));
        const auto formed =
            schema::form_answer(name, [](std::string_view) { return std::nullopt; }, c);
        must(schema::find_command(name) == nullptr ||
             schema::first_problem(schema::validate_answer(name, formed, c)) == nullptr);
    }
    if (const auto json = ddm::parse_json(input, largest, 32)) {
        check(schema::validate_declaration(**json, c));
        (void)schema::validate_status_items(**json, c);
    }
    return 0;
}
