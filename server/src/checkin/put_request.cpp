#include "checkin/put_request.hpp"

#include "answers.hpp"
#include "checkin/request_identity.hpp"

namespace pomona::server {

std::expected<crypto::certificate, net::response>
sender_of_put(const service_ptr& s, const net::incoming& in, time_point now) {
    if (in.what.method != "PUT") {
        return std::unexpected(wrong_method("PUT"));
    }
    auto identified = identify(s->world.crypto(), in.connection->peer_chain, in.what,
                               s->identity_roots, now, s->devices,
                               is_trusted_proxy(in.connection->id, s->options.trusted_proxies)
                                   ? s->options.certificate_header
                                   : std::string_view{});
    if (const auto* refused = std::get_if<identity_refusal>(&identified)) {
        return std::unexpected(plain_answer(refused->status, refused->text));
    }
    return std::get<crypto::certificate>(std::move(identified));
}

} // namespace pomona::server
