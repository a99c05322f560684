// SAML 2.0 as bytes: an AuthnRequest in, a signed Response out. No I/O.
#pragma once

#include "idp/state.hpp"

#include <string>
#include <string_view>

namespace pomona::sim::idp {

struct authn_request {
    std::string id, issuer, acs_url, destination;
};
/// The element AuthnRequest (SAML core section 3.4.1). XML with a document type is refused, nothing
/// outside of it is fetched; at most 64 KiB and 256 levels. Its signature is not looked at: answers
/// go only to addresses that are known (WantAuthnRequestsSigned is false).
result<authn_request> read_authn_request(std::string_view xml);
/// Of the HTTP-Redirect binding (SAML bindings section 3.4.4.1): base64, then raw DEFLATE.
result<std::string> inflate_request(std::string_view base64);
result<std::string> inflate_bytes(bytes_view compressed);

/// What a Response says.
struct saml_answer {
    std::string response_id, assertion_id;
    std::string issuer, destination, in_response_to, audience;
    time_point now;
    /// Of success; when null, the status is Responder with AuthnFailed.
    const user* who = nullptr;
    time_point not_before, not_after;
};
/// The Response; the assertion in it, or the Response itself when there is none, has an enveloped
/// signature: RSA-SHA256, exclusive canonicalisation (XML Signature; SAML core section 5).
result<std::string> write_saml_response(const saml_answer& what, const crypto::private_key& key,
                                        const crypto::certificate& cert);

/// Of the provider (SAML metadata section 2.4.3).
std::string write_saml_metadata(std::string_view issuer, const crypto::certificate& cert);

} // namespace pomona::sim::idp
