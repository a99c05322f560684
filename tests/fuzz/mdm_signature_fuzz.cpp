// Who a request is from: an arbitrary Mdm-Signature over an arbitrary body, parted by a line break.
#include "checkin/request_identity.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/key.hpp"
#include "property.hpp"

namespace {

using namespace pomona;

const crypto::certificate& root() {
    static const auto made = [] {
        auto key =
            crypto::private_key::generate_p256(crypto::context::seeded(as_bytes("test keys")));
        must(key.has_value());
        crypto::certificate_spec spec;
        spec.subject = {{"CN", "Test CA"}};
        spec.serial = {1};
        auto cert = crypto::self_sign(spec, *key);
        must(cert.has_value());
        return *cert;
    }();
    return made;
}

void ask(const std::string& header, bytes_view body, server::known_devices& known) {
    static const auto ctx = crypto::context::system();
    net::request asked;
    asked.headers = {{"Mdm-Signature", header}};
    asked.body.assign(body.begin(), body.end());
    const auto who =
        server::identify(ctx, {}, asked, {root()}, time_point{std::chrono::hours{24}}, known);
    // Nothing here is signed by a certificate of this root.
    const auto* refused = std::get_if<server::identity_refusal>(&who);
    must(refused != nullptr && (refused->status == 400 || refused->status == 403));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input{data, size};
    const auto text = as_text(input);
    const auto end = std::min(text.find('\n'), text.size());
    const auto body = input.subspan(std::min(end + 1, size));
    server::known_devices known;
    ask(std::string{text.substr(0, end)}, body, known);
    ask(to_base64(input), body, known); // so that the CMS reader sees the input itself
    return 0;
}
