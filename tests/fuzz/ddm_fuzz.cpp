// Declarative management documents and endpoints, and the APNs payload, which is JSON too.
#include "pomona/protocol/apns/message.hpp"
#include "pomona/protocol/ddm/messages.hpp"
#include "property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pomona;
    const bytes_view input{data, size};
    if (const auto tokens = ddm::parse_tokens(input)) {
        const auto again = ddm::parse_tokens(ddm::write_tokens(*tokens));
        must(again && again->declarations_token == tokens->declarations_token);
    }
    if (const auto manifest = ddm::parse_manifest(input)) {
        const auto again = ddm::parse_manifest(ddm::write_manifest(*manifest));
        must(again && again->assets == manifest->assets);
    }
    if (const auto declaration = ddm::parse_declaration(input, false)) {
        const auto again = ddm::parse_declaration(ddm::write_declaration(*declaration), false);
        must(again && again->payload == declaration->payload);
    }
    if (const auto endpoint = ddm::parse_endpoint(as_text(input))) {
        must(ddm::write_endpoint(*endpoint) == as_text(input));
    }
    if (const auto magic = apns::read_mdm_payload(input)) {
        must(apns::read_mdm_payload(as_bytes(apns::mdm_payload(*magic))) == magic);
    }
    return 0;
}
