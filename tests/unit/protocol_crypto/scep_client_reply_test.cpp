// What the client makes of CertRep: refusals, answers that are not its own, PENDING.
#include "pomona/foundation/encoding.hpp"
#include "scripted_ca.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <functional>

namespace pomona::test {
namespace {

using namespace scep;
using crypto::certificate;
using crypto::identity;

TEST(scep_client, refusal_is_reported_with_its_fail_info) { // SCEP-058
    client c{ctx, config_for(), rsa_key(1)};
    const auto request = opened(http(to_operation(c)));
    const auto end =
        deliver(c, value_of(build_failure(ctx, fail_info::bad_request, "no such\nchallenge",
                                          rsa_ca(), answer_to(request))));
    EXPECT_EQ(failure(end), errc::refused);
    EXPECT_EQ(std::get<failed_action>(end).refused, fail_info::bad_request);
    EXPECT_EQ(std::get<failed_action>(end).why.peer, "no such\nchallenge");
}

/// A fresh client at its PKIOperation, answered by what `make` builds.
action answered(const std::function<bytes(const signed_message&)>& make) {
    client c{ctx, config_for(), rsa_key(1)};
    return deliver(c, make(opened(http(to_operation(c)))));
}

TEST(scep_client, answers_that_are_not_ours_are_rejected) { // SCEP-053
    EXPECT_EQ(failure(answered([](const signed_message& r) {
                  auto options = answer_to(r);
                  options.recipient_nonce[0] ^= 1;
                  return value_of(build_success(ctx, {issue_for(r)}, r.signer, rsa_ca(), options));
              })),
              errc::mismatch)
        << "recipientNonce";
    EXPECT_EQ(failure(answered([](const signed_message& r) {
                  auto options = answer_to(r);
                  options.transaction_id += "0";
                  return value_of(build_success(ctx, {issue_for(r)}, r.signer, rsa_ca(), options));
              })),
              errc::mismatch)
        << "transactionID";
    EXPECT_EQ(failure(answered([](const signed_message& r) {
                  return success(r, {leaf("other", rsa_key(2)).cert, rsa_ca().cert});
              })),
              errc::mismatch)
        << "issued key";
    EXPECT_EQ(failure(answered([](const signed_message& r) { return success(r, {}); })),
              errc::mismatch)
        << "no certificate";
    EXPECT_EQ(failure(answered([](const signed_message& r) {
                  return value_of(build_success(ctx, {issue_for(r)}, r.signer,
                                                self_signed("impostor", rsa_key(3)), answer_to(r)));
              })),
              errc::mismatch)
        << "signer";
    EXPECT_EQ(failure(answered([](const signed_message& r) {
                  return value_of(build_success(ctx, {issue_for(r)},
                                                self_signed("third", rsa_key(3)).cert, rsa_ca(),
                                                answer_to(r)));
              })),
              errc::decrypt_failed)
        << "recipient";
}

TEST(scep_client, impostor_with_the_cas_name_and_serial_is_rejected) { // SCEP-053
    const auto made = answered([](const signed_message& r) {
        auto spec = spec_for("Test CA");
        spec.ca = true;
        const identity fake{value_of(self_sign(spec, rsa_key(3))), rsa_key(3), {}};
        return value_of(build_success(ctx, {issue_for(r)}, r.signer, fake, answer_to(r)));
    });
    EXPECT_TRUE(failure(made) == errc::bad_signature || failure(made) == errc::mismatch);
}

TEST(scep_client, a_request_is_no_answer) {
    client c{ctx, config_for(), rsa_key(1)};
    const auto operation = to_operation(c);
    EXPECT_TRUE(failure(deliver(c, http(operation).body)));
}

TEST(scep_client, transport_trouble) {
    client c{ctx, config_for(), rsa_key(1)};
    to_operation(c);
    EXPECT_EQ(failure(c.on_response(500, message_content, {}, now)), errc::http);
    client d{ctx, config_for(), rsa_key(1)};
    to_operation(d);
    EXPECT_EQ(failure(d.on_response(200, "text/html", as_bytes("<html>"), now)), errc::http);
    client e{ctx, config_for(), rsa_key(1)};
    EXPECT_EQ(failure(e.on_response(200, ca_type, {}, now)), errc::malformed) << "not started";
    client f{ctx, config_for(), rsa_key(1)};
    EXPECT_EQ(failure(f.on_wait_over(now)), errc::malformed);
}

TEST(scep_client, pending_polls_at_once_then_apart_then_gives_up) { // SCEP-054, SCEP-055
    auto config = config_for();
    config.retries = 3;
    config.retry_delay = std::chrono::seconds{10};
    client c{ctx, config, rsa_key(1)};
    auto last = to_operation(c);
    const auto first = opened(http(last));
    std::vector<bytes> nonces{first.sender_nonce};
    for (int poll = 1; poll <= 3; ++poll) {
        last = deliver(c, pending(opened(http(last))));
        if (poll > 1) {
            ASSERT_TRUE(std::holds_alternative<wait_action>(last)) << poll;
            EXPECT_EQ(std::get<wait_action>(last).delay, std::chrono::seconds{10});
            last = c.on_wait_over(now + std::chrono::seconds{10});
        }
        const auto request = opened(http(last));
        EXPECT_EQ(request.type, message_type::cert_poll);
        EXPECT_EQ(request.transaction_id, first.transaction_id);
        EXPECT_EQ(request.signer.der(), first.signer.der());
        EXPECT_EQ(request.sender_nonce.size(), 16U);
        EXPECT_EQ(std::ranges::count(nonces, request.sender_nonce), 0) << "fresh";
        nonces.push_back(request.sender_nonce);
        // IssuerAndSubject: two names in a SEQUENCE.
        const auto content = value_of(open_envelope(ctx, request.envelope, rsa_ca())).content;
        const auto hex = to_hex(content);
        EXPECT_NE(hex.find(to_hex(as_bytes("Test CA"))), std::string::npos);
        EXPECT_NE(hex.find(to_hex(as_bytes("mac-1"))), std::string::npos);
        EXPECT_EQ(content.at(0), 0x30);
        EXPECT_EQ(content.at(1) + 2U, content.size());
    }
    EXPECT_EQ(failure(deliver(c, pending(opened(http(last))))), errc::still_pending);
}

TEST(scep_client, pending_then_success) { // SCEP-055
    client c{ctx, config_for(), rsa_key(1)};
    const auto request = opened(http(to_operation(c)));
    const auto issued = issue_for(request);
    const auto poll = opened(http(deliver(c, pending(request))));
    EXPECT_TRUE(std::holds_alternative<done_action>(deliver(c, success(poll, {issued}))));
}

TEST(scep_client, no_retries_means_no_poll) { // SCEP-055
    auto config = config_for();
    config.retries = 0;
    client c{ctx, config, rsa_key(1)};
    const auto request = opened(http(to_operation(c)));
    EXPECT_EQ(failure(deliver(c, pending(request))), errc::still_pending);
}

TEST(scep_client, needs_an_rsa_key) {
    client c{ctx, config_for(), ec_key()};
    EXPECT_EQ(failure(c.start(now)), errc::refused_algorithm);
}

} // namespace
} // namespace pomona::test
