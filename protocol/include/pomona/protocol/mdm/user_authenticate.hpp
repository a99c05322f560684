// The HTTP Digest text inside UserAuthenticate (Apple, "User Authenticate"; RFC 7616): the
// challenge of the server and the response of the Mac on behalf of a network user.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"

#include <string>
#include <string_view>

namespace pomona::mdm {

/// DigestChallenge: `Digest nonce="…",realm="…"`. Further parameters are ignored.
struct digest_challenge {
    std::string nonce;
    std::string realm;
};
/// errc::malformed when it is no Digest challenge of algorithm MD5 with a nonce and a realm.
result<digest_challenge> parse_digest_challenge(std::string_view text);
std::string write_digest_challenge(const digest_challenge& c);

/// DigestResponse: `Digest username="…",realm="…",nonce="…",uri="/",response="<32 hex>"`.
struct digest_response {
    std::string username;
    std::string realm;
    std::string nonce;
    std::string uri;
    std::string response; ///< lower-case hex
};
result<digest_response> parse_digest_response(std::string_view text);
std::string write_digest_response(const digest_response& r);

/// H(username:realm:password) in lower-case hex: what a server keeps in place of the password.
std::string digest_secret(std::string_view username, std::string_view realm,
                          std::string_view password);
/// The hash of the response. RFC 7616 section 3.4.1, without a quality of protection.
std::string digest_hash(std::string_view secret, std::string_view nonce, std::string_view uri);
/// What a Mac answers to `challenge`.
digest_response answer_digest(const digest_challenge& challenge, std::string_view username,
                              std::string_view password);
/// Is `r` the answer to `challenge` of somebody with this secret? In constant time.
bool is_right_digest(const digest_response& r, const digest_challenge& challenge,
                     std::string_view secret);

} // namespace pomona::mdm
