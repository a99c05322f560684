// Text forms: base64 (strict and liberal), percent-encoding, query strings, URLs, PEM, times.
#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/foundation/utf8.hpp"
#include "pomona/net/http.hpp"
#include "pomona/protocol/crypto/certificate.hpp"
#include "property.hpp"

namespace {

using namespace pomona;

void encodings(std::string_view text) {
    must(from_base64(to_base64(as_bytes(text))) == to_bytes(text));
    must(percent_decode(percent_encode(text)) == std::string{text});
    if (const auto decoded = from_base64(text)) {
        must(from_base64_liberal(text) == decoded);
    }
    static_cast<void>(from_base64_liberal(text, true));
    static_cast<void>(percent_decode(text));
    const auto shown = escape(text, 100);
    must(shown.size() < 1000 && is_utf8(shown));
}

void times(std::string_view text) {
    if (const auto t = from_rfc3339(text)) {
        must(from_rfc3339(to_rfc3339_nanos(*t)) == t);
    }
    if (const auto d = parse_duration(text)) {
        must(parse_duration(format_duration(*d)) == d);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto ctx = crypto::context::system();
    const auto text = as_text({data, size});
    encodings(text);
    times(text);
    static_cast<void>(net::query_parameter(text, "message"));
    static_cast<void>(net::media_type({{"Content-Type", std::string{text}}}));
    if (const auto url = net::parse_url(text)) {
        must(url->target.starts_with('/') && !url->server.host.empty());
    }
    static_cast<void>(crypto::certificate::from_pem(ctx, as_bytes(text)));
    static_cast<void>(crypto::private_key::from_pem(ctx, as_bytes(text)));
    return 0;
}
