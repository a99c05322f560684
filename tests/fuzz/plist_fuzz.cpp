// scan, parse and both serialisers: what was read can be written and read again unchanged.
#include "pomona/protocol/plist/codec.hpp"
#include "property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pomona::plist;
    const limits bounds{.max_bytes = 1U << 16U, .max_depth = 16, .max_nodes = 10'000};
    const pomona::bytes_view input{data, size};
    const auto scanned = scan(input, bounds);
    const auto parsed = parse(input, bounds);
    must(scanned || !parsed);
    if (!parsed) {
        return 0;
    }
    const auto binary = to_binary(*parsed);
    const auto again = parse(binary);
    must(again.has_value());
    must(to_binary(*again) == binary); // by octets: a NaN is not equal to itself
    const auto from_xml = parse(to_xml(*parsed));
    must(from_xml.has_value());
    must(to_xml(*from_xml) == to_xml(*parsed));
    return 0;
}
