// pkiMessages, envelopes, certificate bags and capability lists from arbitrary bytes.
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/scep/message.hpp"
#include "property.hpp"

namespace {

using namespace pomona;

/// The CA that the corpus's envelopes are for: the same seed, name and serial as in the unit tests'
/// builders.
const crypto::identity& recipient() {
    static const auto ca = [] {
        auto key =
            crypto::private_key::generate_rsa(crypto::context::seeded(as_bytes("test keys")));
        must(key.has_value());
        crypto::certificate_spec spec;
        spec.subject = {{"CN", "Test CA"}};
        spec.serial = {1};
        auto cert = crypto::self_sign(spec, *key);
        must(cert.has_value());
        return crypto::identity{*cert, *key, {}};
    }();
    return ca;
}

void read_message(const crypto::context& ctx, bytes_view data) {
    const auto message = scep::open_message(ctx, data);
    const auto address = scep::read_addressing(ctx, data);
    if (!message) {
        return;
    }
    if (!message->sender_nonce.empty()) {
        must(address.has_value() && address->transaction_id == message->transaction_id &&
             address->sender_nonce == message->sender_nonce);
    }
    if (const auto inner = scep::open_envelope(ctx, message->envelope, recipient())) {
        must(!inner->content.empty() && inner->content[0] == 0x30);
        static_cast<void>(crypto::read_request(ctx, inner->content));
    }
}

void read_capabilities(bytes_view data) {
    const auto caps = scep::parse_capabilities(as_text(data));
    const auto again = scep::parse_capabilities(scep::write_capabilities(caps));
    must(again.aes == caps.aes && again.sha256 == caps.sha256 && again.post == caps.post);
    must(again.unknown.size() <= caps.unknown.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto ctx = crypto::context::system();
    const bytes_view input{data, size};
    read_message(ctx, input);
    static_cast<void>(scep::open_envelope(ctx, input, recipient()));
    if (const auto certs = scep::read_certs_only(ctx, input)) {
        const auto written = scep::certs_only(*certs);
        must(!written || scep::read_certs_only(ctx, *written).has_value());
    }
    static_cast<void>(crypto::read_request(ctx, input));
    read_capabilities(input);
    return 0;
}
