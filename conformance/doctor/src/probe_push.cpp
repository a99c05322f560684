// The push service that the Macs will listen to: does it answer over HTTP/2?
#include "examination.hpp"

namespace pomona::doctor {

net::task<void> probe_push(examination& e) {
    const auto& t = e.about.target.apns;
    const net::endpoint at{t.host, t.port};
    const auto known = e.endpoints.find(net::to_text(at));
    if (known == e.endpoints.end() || known->second != standing::good) {
        co_return; // told already
    }
    auto roots = crypto::certificate::from_pem(e.world.crypto(), as_bytes(t.trust));
    net::open_options o;
    o.server = at;
    o.deadline = e.world.now() + attempt_time;
    o.note = {actor{"doctor"}, "doctor", 0};
    net::client_tls tls;
    tls.trust = trust_of(roots ? std::move(*roots) : std::vector<crypto::certificate>{});
    tls.alpn = {"h2"};
    o.tls = std::move(tls);
    const auto where = e.place("apns.host", net::to_text(at));
    const auto opened = co_await e.world.open(std::move(o));
    if (!opened) {
        co_return;
    }
    // Any answer will do: a server without ALPN may still be one of HTTP/1.1 (APNS-003).
    net::annotation note{actor{"doctor"}, "doctor", 0};
    const auto answer =
        co_await (*opened)->exchange({}, e.world.now() + attempt_time, std::move(note));
    (*opened)->close();
    if (!answer) {
        e.problem("apns-http2",
                  "the push service does not speak HTTP/2: " + answer.error().message(), where,
                  "APNs is HTTP/2 only: is this the port of another service?");
    } else {
        e.ok("apns", "the push service answers over HTTP/2", where);
    }
}

} // namespace pomona::doctor
