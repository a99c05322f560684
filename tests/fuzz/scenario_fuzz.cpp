// Scenario files from arbitrary text: valid, or at least one problem that can be shown.
#include "pomona/scenario/parse.hpp"
#include "property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pomona;
    const auto text = as_text({data, size});
    for (const bool simulated : {false, true}) {
        scenario::parse_options options;
        options.vars = {{"name", "value"}};
        options.virtual_world = simulated;
        const auto got = scenario::parse("fuzz.yaml", text, options);
        must(got || (!got.error().problems.empty() && !got.error().render().empty()));
    }
    static_cast<void>(scenario::parse_message(text, {}));
    return 0;
}
