// Profiles, bare, signed or encrypted, and every payload in them that has a reader.
#include "pomona/protocol/crypto/pkcs12.hpp"
#include "pomona/protocol/profile/profile.hpp"
#include "property.hpp"

namespace {

namespace crypto = pomona::crypto;
namespace profile = pomona::profile;

/// Whose profiles are opened. From a seed: corpus files that were encrypted for it stay readable.
const crypto::identity& own() {
    static const auto made = [] {
        const auto ctx = crypto::context::seeded(pomona::as_bytes("profile fuzz"));
        auto key = crypto::private_key::generate_rsa(ctx).value();
        crypto::certificate_spec spec;
        spec.subject = {{"CN", "fuzz"}};
        spec.serial = {1};
        spec.not_before = pomona::time_point{};
        spec.not_after = spec.not_before + std::chrono::hours{24 * 365};
        auto cert = crypto::self_sign(spec, key).value();
        return crypto::identity{std::move(cert), std::move(key), {}};
    }();
    return made;
}

void read_payloads(const crypto::context& ctx, const profile::profile& p) {
    for (const auto& payload : p.payloads) {
        static_cast<void>(profile::read_mdm(payload));
        static_cast<void>(profile::read_certificates(ctx, payload));
        if (const auto* data = payload.content.data("PayloadContent")) {
            static_cast<void>(crypto::read_pkcs12(ctx, *data, "x"));
        }
        if (auto scep = profile::read_scep(payload)) {
            auto copy = payload;
            copy.content = profile::write_scep(*scep);
            must(profile::read_scep(copy).has_value());
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto ctx = crypto::context::system();
    const auto parsed = profile::parse(ctx, {data, size}, &own());
    if (!parsed) {
        // What only an identity opens is told apart from what nobody can read.
        must(parsed.error().code != profile::errc::encrypted);
        return 0;
    }
    const auto again = profile::parse(ctx, profile::write(*parsed));
    must(again.has_value());
    must(again->payloads.size() == parsed->payloads.size());
    must(again->removal_date == parsed->removal_date);
    must(again->scope == parsed->scope);
    read_payloads(ctx, *parsed);
    // Sealed for the Mac it says the same: content that was signed or encrypted nests.
    static int turn = 0;
    if (++turn % 16 == 0) { // an RSA operation each
        const auto sealed = profile::write_encrypted(ctx, *parsed, own().cert);
        must(sealed.has_value());
        const auto opened = profile::parse(ctx, *sealed, &own());
        must(opened.has_value());
        must(opened->payloads.size() == parsed->payloads.size());
    }
    return 0;
}
