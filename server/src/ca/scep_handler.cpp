#include "answers.hpp"
#include "ca/authority.hpp"
#include "ca/scep_exchange.hpp"
#include "ca/scep_request.hpp"
#include "handlers.hpp"

#include <spdlog/spdlog.h>

namespace pomona::server {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view pki_message_type = "application/x-pki-message";
// RSA-2048 operations of one step, for the virtual world.
constexpr auto crypto_cost = 2ms;

net::response pki_answer(result<bytes> message) {
    if (!message) {
        return failure_answer("writing a SCEP reply", message.error());
    }
    return answer_with(200, pki_message_type, std::move(*message));
}

/// RFC 8894 section 3.2.1.5 (SCEP-012).
bytes fresh_nonce(service& s) {
    return s.options.bugs.has(defect::cert_rep_without_sender_nonce) ? bytes{} : s.world.random(16);
}

net::task<net::response> refuse_with(service_ptr s, scep_refusal r) {
    spdlog::info("SCEP transaction {} refused: {} ({})", escape(r.transaction_id, 80),
                 escape(r.text), scep::to_text(r.why));
    auto reply = std::make_shared<result<bytes>>(bytes{});
    auto nonce = fresh_nonce(*s);
    const auto now = s->world.now();
    std::function<void()> work = [s, reply, r = std::move(r), nonce = std::move(nonce), now] {
        *reply = write_refusal(s->world.crypto(), s->root(), r, nonce, now);
    };
    co_await s->world.offload(std::move(work), crypto_cost);
    co_return pki_answer(std::move(*reply));
}

using granted = std::variant<grant, scep_refusal>;

granted judge_renewal(const certificate_request& r, const crypto::certificate& root,
                      time_point now) {
    // RFC 8894 section 3.3.1.2: signed with a certificate of ours that is still good (SCEP-023).
    if (!crypto::verify_chain(r.message.signer, {}, {root}, now)) {
        return refuse(r.message, scep::fail_info::bad_request,
                      "the signer is no valid certificate of ours");
    }
    grant out;
    out.query.renewal = true;
    out.query.grant = r.message.signer.sha256();
    // Choice: a renewal keeps the old subject, whatever the CSR asks for.
    out.request.subject = r.message.signer.subject();
    return out;
}

granted judge_request(const certificate_request& r, const crypto::certificate& root,
                      time_point now) {
    granted out;
    if (r.message.type == scep::message_type::renewal_req) {
        out = judge_renewal(r, root, now);
    } else if (!r.csr.challenge || r.csr.challenge->empty()) {
        return refuse(r.message, scep::fail_info::bad_request, "a challenge is needed"); // SCEP-018
    } else {
        grant g;
        g.query.grant = crypto::sha256(as_bytes(*r.csr.challenge));
        g.request.subject = r.csr.subject;
        out = std::move(g);
    }
    if (auto* g = std::get_if<grant>(&out)) {
        g->query.key_hash = crypto::sha256(r.csr.public_key_info);
        g->query.message_hash = r.message_hash;
        g->query.now = now;
        g->request.dns_names = r.csr.dns_names;
        g->request.public_key_info = r.csr.public_key_info;
    }
    return out;
}

/// Issues unless the store knows better; the outcome's `der` is the certificate to hand out.
net::task<result<issue_outcome>> issue(service_ptr s, grant g) {
    auto before = co_await s->keep->may_issue(g.query);
    if (!before || before->decision != issue_outcome::what::may_issue) {
        co_return before;
    }
    const auto serial = make_serial(s->world.random(16));
    auto made = std::make_shared<std::optional<result<crypto::certificate>>>();
    const auto query = g.query;
    std::function<void()> work = [s, made, request = std::move(g.request), serial,
                                  now = s->world.now()] {
        made->emplace(issue_device(s->root(), request, serial, now));
    };
    co_await s->world.offload(std::move(work), crypto_cost);
    if (!**made) {
        co_return std::unexpected((*made)->error());
    }
    const auto& cert = (*made)->value();
    issued_certificate row{cert.sha256(), serial, cert.der(), cert.not_after()};
    auto der = row.der;
    auto recorded = co_await s->keep->record_issue(query, std::move(row));
    if (recorded && recorded->decision == issue_outcome::what::may_issue) {
        recorded->der = std::move(der);
    }
    co_return recorded;
}

using poll_ptr = std::shared_ptr<const certificate_poll>;

/// SUCCESS with `der`.
net::task<net::response> hand_out(service_ptr s, poll_ptr to, bytes der) {
    auto reply = std::make_shared<result<bytes>>(bytes{});
    auto nonce = fresh_nonce(*s);
    const auto now = s->world.now();
    std::function<void()> work = [s, to, reply, der = std::move(der), nonce = std::move(nonce),
                                  now] {
        auto cert = crypto::certificate::from_der(s->world.crypto(), der);
        *reply = cert ? write_success(s->world.crypto(), s->root(), *to, *cert, nonce, now,
                                      s->legacy_context())
                      : std::unexpected(std::move(cert.error()));
    };
    co_await s->world.offload(std::move(work), crypto_cost);
    co_return pki_answer(std::move(*reply));
}

net::task<net::response> answer_outcome(service_ptr s, poll_ptr to, result<issue_outcome> outcome) {
    if (!outcome) {
        co_return failure_answer("issuing a certificate", outcome.error());
    }
    if (outcome->decision == issue_outcome::what::refused) {
        co_return co_await refuse_with(
            s, refuse(to->message, scep::fail_info::bad_request, std::move(outcome->reason)));
    }
    co_return co_await hand_out(std::move(s), std::move(to), std::move(outcome->der));
}

bytes signer_key(const scep::signed_message& m) {
    return crypto::sha256(m.signer.public_key_info());
}

/// A request that waits, or has been decided (SCEP-024).
net::task<net::response> answer_pending(service_ptr s, poll_ptr asked, pending_request p) {
    if (p.decided == decision::denied) {
        s->pending.erase(p.transaction_id);
        co_return co_await refuse_with(
            s, refuse(asked->message, scep::fail_info::bad_request, "the request was denied"));
    }
    if (p.decided == decision::approved) {
        auto outcome = co_await issue(s, std::move(p.what));
        s->pending.erase(p.transaction_id);
        co_return co_await answer_outcome(std::move(s), std::move(asked), std::move(outcome));
    }
    auto reply = std::make_shared<result<bytes>>(bytes{});
    auto nonce = fresh_nonce(*s);
    const auto now = s->world.now();
    std::function<void()> work = [s, asked, reply, nonce = std::move(nonce), now] {
        *reply = write_pending(s->world.crypto(), s->root(), asked->message, nonce, now);
    };
    co_await s->world.offload(std::move(work), crypto_cost);
    co_return pki_answer(std::move(*reply));
}

/// Nobody has decided yet: kept, unless the store says what becomes of it without anybody.
net::task<net::response> begin_pending(service_ptr s, poll_ptr asked, grant g) {
    auto before = co_await s->keep->may_issue(g.query);
    if (!before || before->decision != issue_outcome::what::may_issue) {
        co_return co_await answer_outcome(std::move(s), std::move(asked), std::move(before));
    }
    const auto& m = asked->message;
    pending_request p{m.transaction_id, signer_key(m), std::move(g), decision::waiting};
    if (!s->pending.add(p, s->world.now())) {
        co_return plain_answer(503, "too many requests wait for a decision");
    }
    co_return co_await answer_pending(std::move(s), std::move(asked), std::move(p));
}

net::task<net::response> answer_certificate_request(service_ptr s, certificate_request r) {
    auto judged = judge_request(r, s->root().cert, s->world.now());
    if (auto* refused = std::get_if<scep_refusal>(&judged)) {
        co_return co_await refuse_with(s, std::move(*refused));
    }
    auto& g = std::get<grant>(judged);
    poll_ptr asked = std::make_shared<const certificate_poll>(
        certificate_poll{std::move(r.message), r.content_cipher});
    const auto* waits = s->pending.find(asked->message.transaction_id, signer_key(asked->message));
    // SCEP-025: the same request again is a poll.
    if (waits != nullptr && waits->what.query.key_hash == g.query.key_hash) {
        co_return co_await answer_pending(std::move(s), std::move(asked), *waits);
    }
    if (s->pending.manual) {
        co_return co_await begin_pending(std::move(s), std::move(asked), std::move(g));
    }
    auto outcome = co_await issue(s, std::move(g));
    co_return co_await answer_outcome(std::move(s), std::move(asked), std::move(outcome));
}

net::task<net::response> answer_poll(service_ptr s, certificate_poll poll) {
    const auto* waits = s->pending.find(poll.message.transaction_id, signer_key(poll.message));
    if (waits == nullptr) { // SCEP-026
        co_return co_await refuse_with(s, refuse(poll.message, scep::fail_info::bad_cert_id,
                                                 "no such transaction is pending"));
    }
    co_return co_await answer_pending(
        std::move(s), std::make_shared<const certificate_poll>(std::move(poll)), *waits);
}

net::task<net::response> answer_pki_operation(service_ptr s, bytes message) {
    auto reading = std::make_shared<scep_reading>(scep_undecodable{});
    std::function<void()> work = [s, reading, message = std::move(message)] {
        *reading = read_pki_message(s->world.crypto(), s->root(), message, s->legacy_context());
    };
    co_await s->world.offload(std::move(work), crypto_cost);
    if (auto* broken = std::get_if<scep_undecodable>(reading.get())) {
        spdlog::info("a SCEP message cannot be read: {}", escape(broken->why));
        co_return plain_answer(400, "this is not a SCEP message");
    }
    if (auto* refused = std::get_if<scep_refusal>(reading.get())) {
        co_return co_await refuse_with(s, std::move(*refused));
    }
    if (auto* poll = std::get_if<certificate_poll>(reading.get())) {
        co_return co_await answer_poll(s, std::move(*poll));
    }
    co_return co_await answer_certificate_request(
        s, std::move(std::get<certificate_request>(*reading)));
}

} // namespace

net::task<net::response> answer_scep(service_ptr s, net::incoming in) {
    auto read = read_scep_request(in.what);
    switch (read.operation) {
    case scep_request::what::get_ca_caps:
        co_return answer_with(200, "text/plain", to_bytes(scep_capabilities()));
    case scep_request::what::get_ca_cert:
        // Observed: Apple's client compares the whole value, so there is no parameter (SCEP-005).
        co_return answer_with(200, "application/x-x509-ca-cert", s->root().cert.der());
    case scep_request::what::pki_operation:
        co_return co_await answer_pki_operation(s, std::move(read.message));
    case scep_request::what::invalid:
        break;
    }
    co_return plain_answer(read.status, read.reason);
}

} // namespace pomona::server
