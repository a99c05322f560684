// What the tests of SCEP messages have in common.
#pragma once

#include "builders.hpp"
#include "pomona/protocol/scep/message.hpp"

namespace pomona::test {

inline const crypto::context ctx = crypto::context::system();
inline const bytes nonce(16, 0xab);

inline bytes csr(const crypto::private_key& key) {
    return value_of(make_request(
        {.subject = {{"CN", "mac"}}, .challenge = "secret", .usage = std::nullopt, .dns_names = {}},
        key));
}

inline scep::request_options options_for(scep::message_type type = scep::message_type::pkcs_req) {
    return {.type = type, .transaction_id = "TX 1", .sender_nonce = nonce, .signing_time = now};
}

inline scep::reply_options reply() {
    return {.transaction_id = "TX 1",
            .recipient_nonce = nonce,
            .sender_nonce = bytes(16, 0xcd),
            .signing_time = now};
}

template <class T>
std::error_code code_of(const result<T>& r) {
    return r ? std::error_code{} : r.error().code;
}

} // namespace pomona::test
