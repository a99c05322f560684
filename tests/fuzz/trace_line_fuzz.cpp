// A line of trace.ndjson from arbitrary text; what is read can be written and read again.
#include "pomona/trace/run_folder.hpp"
#include "property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pomona;
    const auto event = trace::from_line(as_text({data, size}));
    if (event) {
        const auto line = trace::to_line(*event);
        const auto again = trace::from_line(line);
        must(again.has_value() && trace::to_line(*again) == line);
    }
    return 0;
}
