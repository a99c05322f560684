// The CA over the wire, in the virtual world.
#include "pomona/foundation/encoding.hpp"
#include "scripted_mac.hpp"

#include <set>

namespace pomona::server {
namespace {

/// A request as a test shapes it.
struct shaped {
    scep::message_type type = scep::message_type::pkcs_req;
    std::optional<std::string> challenge = std::nullopt;
    std::string transaction_id = "test-transaction";
    scep::cipher cipher = scep::cipher::aes_128_cbc;
    scep::digest digest = scep::digest::sha256;
    crypto::name subject{{"O", "Test"}, {"CN", "device"}};
    const crypto::context* legacy = nullptr;
};

crypto::identity signer(lab& l, const crypto::private_key& key, std::string cn = "SCEP signer") {
    crypto::certificate_spec spec{.subject = {{"CN", std::move(cn)}},
                                  .serial = {0x01},
                                  .not_before = l.w().now() - 1h,
                                  .not_after = l.w().now() + 24h,
                                  .ca = false,
                                  .path_length = {},
                                  .usage = {.digital_signature = true, .key_encipherment = true},
                                  .extended_usage = {},
                                  .dns_names = {},
                                  .extensions = {}};
    return {crypto::self_sign(spec, key).value(), key, {}};
}

bytes build(lab& l, const shaped& how, const crypto::private_key& key, const crypto::identity& by) {
    auto& ctx = l.w().crypto();
    crypto::request_spec csr{.subject = how.subject,
                             .challenge = how.challenge,
                             .usage = crypto::key_usage{.digital_signature = true},
                             .dns_names = {}};
    scep::request_options options{.type = how.type,
                                  .transaction_id = how.transaction_id,
                                  .sender_nonce = l.w().random(16),
                                  .content_cipher = how.cipher,
                                  .signature_digest = how.digest,
                                  .signing_time = l.w().now(),
                                  .ber_envelope = false,
                                  .legacy = how.legacy};
    return scep::build_request(ctx, crypto::make_request(csr, key).value(), l.s().ca(), by, options)
        .value();
}

net::task<net::response> post(lab& l, bytes message) {
    net::request r;
    r.method = "POST";
    r.target = "/scep?operation=PKIOperation";
    r.body = std::move(message);
    co_return co_await l.ask(std::move(r));
}

net::task<scep::signed_message> transact(lab& l, bytes message) {
    const auto r = co_await post(l, std::move(message));
    EXPECT_EQ(r.status, 200U) << text_of(r);
    EXPECT_EQ(net::find_header(r.headers, "Content-Type"), "application/x-pki-message");
    co_return scep::open_message(l.w().crypto(), r.body).value();
}

crypto::certificate issued_in(lab& l, const scep::signed_message& m, const crypto::identity& by) {
    EXPECT_EQ(m.status, scep::pki_status::success) << m.failure_text.value_or("");
    auto inside = scep::open_envelope(l.w().crypto(), m.envelope, by).value();
    return scep::read_certs_only(l.w().crypto(), inside.content).value().at(0);
}

net::task<std::string> fresh_challenge(lab& l) {
    co_return *scripted_mac::scep_config(co_await scripted_mac::fetch_profile(l)).challenge;
}

void expect_failure(const scep::signed_message& m, scep::fail_info why) {
    EXPECT_EQ(m.status, scep::pki_status::failure);
    EXPECT_EQ(m.failure, why) << m.failure_text.value_or("");
    EXPECT_TRUE(m.envelope.empty()); // SCEP-035
}

TEST(scep, ca_certificate_has_the_exact_type_and_usages_SCEP_005_SCEP_006) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto r = co_await l.ask(get("/scep?operation=GetCACert&message=any"));
        EXPECT_EQ(r.status, 200U);
        EXPECT_EQ(net::find_header(r.headers, "Content-Type"), "application/x-x509-ca-cert");
        const auto ca = crypto::certificate::from_der(l.w().crypto(), r.body).value();
        EXPECT_EQ(ca.sha256(), l.s().ca().sha256());
        const auto usage = ca.usage().value();
        EXPECT_TRUE(usage.key_encipherment && usage.digital_signature && usage.key_cert_sign &&
                    usage.crl_sign);
        EXPECT_TRUE(ca.is_ca() && ca.key_is_rsa());
        const auto caps = co_await l.ask(get("/scep?operation=GetCACaps"));
        EXPECT_EQ(net::media_type(caps.headers), "text/plain"); // SCEP-001
    });
}

TEST(scep, issues_a_client_certificate_SCEP_033) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        const auto& cert = mac.identity->cert;
        EXPECT_TRUE(crypto::verify_chain(cert, {}, {l.s().ca()}, l.w().now()));
        EXPECT_EQ(cert.extended_key_usage(), std::vector<std::string>{"1.3.6.1.5.5.7.3.2"});
        EXPECT_TRUE(cert.usage().value().digital_signature);
        EXPECT_FALSE(cert.is_ca());
        EXPECT_LE(cert.not_after(), l.s().ca().not_after());
        EXPECT_LT(cert.not_before(), l.w().now() - 5min);
        EXPECT_EQ(cert.serial_hex().size(), 32U);
    });
}

TEST(scep, reply_is_for_the_signer_with_its_digest_and_cipher_SCEP_004_SCEP_014_SCEP_037) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto csr_key = fixed_key(l.w().crypto(), 1);
        const auto by = signer(l, fixed_key(l.w().crypto(), 2)); // another subject: SCEP-032
        std::set<std::string> serials;
        std::set<bytes> nonces;
        using scep::cipher;
        using scep::digest;
        for (const auto& [c, d] : {std::pair{cipher::aes_128_cbc, digest::sha256},
                                   std::pair{cipher::aes_256_cbc, digest::sha512},
                                   std::pair{cipher::des3_cbc, digest::sha1}}) {
            shaped how{.challenge = co_await fresh_challenge(l), .cipher = c, .digest = d};
            const auto reply = co_await transact(l, build(l, how, csr_key, by));
            EXPECT_EQ(reply.type, scep::message_type::cert_rep); // SCEP-011
            EXPECT_EQ(reply.transaction_id, "test-transaction");
            EXPECT_EQ(reply.signature_digest, d);
            EXPECT_EQ(reply.signer.sha256(), l.s().ca().sha256()); // SCEP-013
            EXPECT_EQ(
                scep::open_envelope(l.w().crypto(), reply.envelope, by).value().content_cipher, c);
            const auto cert = issued_in(l, reply, by);
            EXPECT_EQ(cert.public_key_info(), csr_key.public_key_info()); // SCEP-015
            serials.insert(cert.serial_hex());
            nonces.insert(reply.sender_nonce);
        }
        EXPECT_EQ(serials.size(), 3U);
        EXPECT_EQ(nonces.size(), 3U); // SCEP-012
    });
}

net::task<scep::signed_message> ask_in_des(lab& l, const crypto::context& legacy,
                                           crypto::identity by) {
    const shaped how{.challenge = co_await fresh_challenge(l),
                     .cipher = scep::cipher::des_cbc,
                     .digest = scep::digest::sha1,
                     .legacy = &legacy};
    co_return co_await transact(l, build(l, how, by.key, by));
}

TEST(scep, single_des_is_badAlg_SCEP_029) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto legacy = crypto::context::with_legacy().value();
        const auto by = signer(l, fixed_key(l.w().crypto(), 1));
        const auto reply = co_await ask_in_des(l, legacy, by);
        EXPECT_EQ(reply.failure, scep::fail_info::bad_alg);
    });
}

TEST(scep, old_peers_are_answered_in_kind_where_they_are_permitted_SCEP_037) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        l.options.scep_legacy = true;
        co_await l.start();
        const auto legacy = crypto::context::with_legacy().value();
        const auto by = signer(l, fixed_key(l.w().crypto(), 1));
        const auto reply = co_await ask_in_des(l, legacy, by);
        EXPECT_EQ(reply.status, scep::pki_status::success);
        EXPECT_EQ(reply.signature_digest, scep::digest::sha1);
        const auto inside = scep::open_envelope(l.w().crypto(), reply.envelope, by, &legacy);
        EXPECT_EQ(inside.value().content_cipher, scep::cipher::des_cbc);
    });
}

TEST(scep, wrong_or_missing_challenge_fails_SCEP_018) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto key = fixed_key(l.w().crypto(), 1);
        const auto by = signer(l, key);
        for (const auto& challenge :
             {std::optional<std::string>{"guess"}, std::optional<std::string>{""},
              std::optional<std::string>{}}) {
            shaped how{.challenge = challenge};
            expect_failure(co_await transact(l, build(l, how, key, by)),
                           scep::fail_info::bad_request);
        }
        // Expired.
        shaped how{.challenge = co_await fresh_challenge(l)};
        co_await l.w().sleep_for(l.options.challenge_lifetime);
        expect_failure(co_await transact(l, build(l, how, key, by)), scep::fail_info::bad_request);
    });
}

TEST(scep, challenge_is_spent_but_a_retry_gets_the_same_certificate_SCEP_019_SCEP_020) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto key = fixed_key(l.w().crypto(), 1);
        const auto by = signer(l, key);
        shaped how{.challenge = co_await fresh_challenge(l)};
        const auto message = build(l, how, key, by);
        const auto first = issued_in(l, co_await transact(l, message), by);
        const auto replayed = issued_in(l, co_await transact(l, message), by);
        const auto retried = issued_in(l, co_await transact(l, build(l, how, key, by)), by);
        EXPECT_EQ(replayed.serial_hex(), first.serial_hex());
        EXPECT_EQ(retried.serial_hex(), first.serial_hex());
        const auto other = fixed_key(l.w().crypto(), 2);
        expect_failure(co_await transact(l, build(l, how, other, signer(l, other))),
                       scep::fail_info::bad_request);
    });
}

net::task<void> try_challenge(lab& l, std::string challenge, std::size_t key_number,
                              std::shared_ptr<int> won) {
    const auto key = fixed_key(l.w().crypto(), key_number);
    shaped how{.challenge = std::move(challenge)};
    const auto m = co_await transact(l, build(l, how, key, signer(l, key)));
    *won += m.status == scep::pki_status::success ? 1 : 0;
}

TEST(scep, of_two_that_race_for_a_challenge_one_wins_SCEP_019) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        lab l{seed};
        l.run([](lab& l) -> net::task<void> {
            co_await l.start();
            const auto challenge = co_await fresh_challenge(l);
            auto won = std::make_shared<int>(0);
            net::task_group both{l.w()};
            both.spawn("one", try_challenge(l, challenge, 1, won));
            both.spawn("two", try_challenge(l, challenge, 2, won));
            EXPECT_TRUE(co_await both.all_done(net::never));
            EXPECT_EQ(*won, 1);
        });
    }
}

TEST(scep, renewal_needs_a_live_certificate_of_this_ca_SCEP_022_SCEP_023) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        scripted_mac mac{l, 1};
        co_await mac.get_identity();
        const auto fresh = fixed_key(l.w().crypto(), 3);
        shaped how{.type = scep::message_type::renewal_req};
        const auto renewed =
            issued_in(l, co_await transact(l, build(l, how, fresh, *mac.identity)), *mac.identity);
        EXPECT_EQ(renewed.public_key_info(), fresh.public_key_info());
        EXPECT_EQ(renewed.subject(), mac.identity->cert.subject());
        // Self-signed.
        expect_failure(co_await transact(l, build(l, how, fresh, signer(l, fresh))),
                       scep::fail_info::bad_request);
        // Expired.
        co_await l.w().sleep_for(24h * 366);
        const auto late = fixed_key(l.w().crypto(), 4);
        expect_failure(co_await transact(l, build(l, how, late, *mac.identity)),
                       scep::fail_info::bad_request);
    });
}

TEST(scep, messages_it_does_not_serve_fail_in_scep_terms_SCEP_026_SCEP_027) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto key = fixed_key(l.w().crypto(), 1);
        const auto by = signer(l, key);
        for (const auto type : {scep::message_type::cert_poll, scep::message_type::get_cert,
                                scep::message_type::get_crl}) {
            shaped how{.type = type};
            expect_failure(co_await transact(l, build(l, how, key, by)),
                           scep::fail_info::bad_cert_id);
        }
        shaped reply{.type = scep::message_type::cert_rep}; // SCEP-028
        const auto r = co_await post(l, build(l, reply, key, by));
        EXPECT_TRUE(r.status == 200 || r.status == 400);
    });
}

TEST(scep, tampered_and_undecodable_messages_never_issue_SCEP_010_SCEP_017_SCEP_036) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto key = fixed_key(l.w().crypto(), 1);
        const auto by = signer(l, key);
        shaped how{.challenge = co_await fresh_challenge(l)};
        auto message = build(l, how, key, by);
        message[message.size() - 20] ^= 0x01; // within the signature
        const auto tampered = co_await post(l, message);
        if (tampered.status == 200) {
            expect_failure(scep::open_message(l.w().crypto(), tampered.body).value(),
                           scep::fail_info::bad_message_check);
        } else {
            EXPECT_EQ(tampered.status, 400U);
        }
        EXPECT_EQ((co_await post(l, to_bytes("junk"))).status, 400U);
        EXPECT_EQ((co_await post(l, bytes(1U << 20U))).status, 413U);
        EXPECT_EQ((co_await l.ask(get("/scep?operation=Nothing"))).status, 400U);
        // Still alive, and the challenge unspent.
        EXPECT_EQ((co_await transact(l, build(l, how, key, by))).status, scep::pki_status::success);
    });
}

TEST(scep, weak_keys_and_empty_subjects_are_refused) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto key = fixed_key(l.w().crypto(), 1);
        const auto by = signer(l, key);
        const auto weak = crypto::private_key::generate_rsa(l.w().crypto(), 1024).value();
        shaped how{.challenge = co_await fresh_challenge(l)};
        expect_failure(co_await transact(l, build(l, how, weak, by)), scep::fail_info::bad_alg);
        how.subject.clear();
        expect_failure(co_await transact(l, build(l, how, key, by)), scep::fail_info::bad_request);
    });
}

TEST(scep, get_works_as_post_does_SCEP_009) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto key = fixed_key(l.w().crypto(), 1);
        const auto by = signer(l, key);
        shaped how{.challenge = co_await fresh_challenge(l)};
        const auto text = percent_encode(to_base64(build(l, how, key, by)));
        const auto r = co_await l.ask(get("/scep?operation=PKIOperation&message=" + text));
        EXPECT_EQ(r.status, 200U);
        issued_in(l, scep::open_message(l.w().crypto(), r.body).value(), by);
    });
}

TEST(scep, the_media_type_of_a_post_does_not_matter_SCEP_008) {
    lab l;
    l.run([](lab& l) -> net::task<void> {
        co_await l.start();
        const auto key = fixed_key(l.w().crypto(), 1);
        const auto by = signer(l, key);
        for (const std::string type :
             {"", "application/octet-stream", "application/x-pki-message"}) {
            shaped how{.challenge = co_await fresh_challenge(l)};
            net::request r;
            r.method = "POST";
            r.target = "/scep?operation=PKIOperation";
            if (!type.empty()) {
                r.headers.push_back({"Content-Type", type});
            }
            r.body = build(l, how, key, by);
            const auto answer = co_await l.ask(std::move(r));
            EXPECT_EQ(answer.status, 200U) << type;
            issued_in(l, scep::open_message(l.w().crypto(), answer.body).value(), by);
        }
    });
}

} // namespace
} // namespace pomona::server
