// Profiles, bare or signed, and every payload in them that has a reader.
#include "pomona/protocol/profile/profile.hpp"
#include "property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace profile = pomona::profile;
    static const auto ctx = pomona::crypto::context::system();
    const auto parsed = profile::parse(ctx, {data, size});
    if (!parsed) {
        return 0;
    }
    const auto again = profile::parse(ctx, profile::write(*parsed));
    must(again.has_value());
    must(again->payloads.size() == parsed->payloads.size());
    for (const auto& payload : parsed->payloads) {
        static_cast<void>(profile::read_mdm(payload));
        static_cast<void>(profile::read_certificates(ctx, payload));
        if (auto scep = profile::read_scep(payload)) {
            auto copy = payload;
            copy.content = profile::write_scep(*scep);
            must(profile::read_scep(copy).has_value());
        }
    }
    return 0;
}
