// Single steps next to the bare work inside them. `bench_micro --benchmark_filter=…`; compare the
// CPU column.
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/protocol/scep/client.hpp"

#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <plist/plist.h>

#include <array>
#include <stdexcept>

namespace pomona::bench {
namespace {

template <class T>
T value_of(result<T> r) {
    if (!r) {
        throw std::runtime_error{r.error().message()};
    }
    return std::move(*r);
}

const auto ctx = crypto::context::system();
const time_point now = std::chrono::system_clock::now();

const crypto::private_key& key(std::size_t number) {
    static const std::array made{value_of(crypto::private_key::generate_rsa(ctx)),
                                 value_of(crypto::private_key::generate_rsa(ctx))};
    return made.at(number);
}

crypto::certificate_spec spec_for(std::string name, bool ca) {
    crypto::certificate_spec out;
    out.subject = {{"CN", std::move(name)}};
    out.serial = {7};
    out.not_before = now - std::chrono::hours{1};
    out.not_after = now + std::chrono::hours{24};
    out.ca = ca;
    out.usage = {.digital_signature = true, .key_encipherment = true, .key_cert_sign = ca};
    return out;
}

const crypto::identity& ca() {
    static const crypto::identity made{
        value_of(crypto::self_sign(spec_for("bench CA", true), key(0))), key(0), {}};
    return made;
}

const crypto::identity& device() {
    static const crypto::identity made{
        value_of(crypto::issue(spec_for("mac", false), key(1).public_key_info(), ca())),
        key(1),
        {}};
    return made;
}

bytes token_update() {
    mdm::checkin_message m;
    m.from.device = udid{"0F0F0F0F-0000-4000-8000-0123456789AB"};
    m.body = mdm::token_update{.topic = topic{"com.apple.mgmt.External.bench"},
                               .token = push_token{bytes(32, 9)},
                               .magic = push_magic{"0F0F0F0F-1111-4000-8000-0123456789AB"},
                               .awaiting_configuration = false,
                               .not_on_console = false};
    return mdm::write_checkin(m);
}

void token_update_parse_and_write(benchmark::State& state) {
    const auto body = token_update();
    for (auto _ : state) {
        benchmark::DoNotOptimize(mdm::write_checkin(value_of(mdm::parse_checkin(body))));
    }
}
BENCHMARK(token_update_parse_and_write);

void bare_libplist_parse_and_write(benchmark::State& state) {
    const auto body = token_update();
    for (auto _ : state) {
        plist_t tree = nullptr;
        plist_from_xml(reinterpret_cast<const char*>(body.data()),
                       static_cast<std::uint32_t>(body.size()), &tree);
        char* text = nullptr;
        std::uint32_t length = 0;
        plist_to_xml(tree, &text, &length);
        benchmark::DoNotOptimize(length);
        plist_to_xml_free(text);
        plist_free(tree);
    }
}
BENCHMARK(bare_libplist_parse_and_write);

/// One RSA-2048 signature or verification with its context made before.
void bare_rsa(benchmark::State& state, bool verify) {
    auto* const c = EVP_PKEY_CTX_new(key(1).native().get(), nullptr);
    const bytes hash(32, 7);
    bytes signature(256);
    auto length = signature.size();
    auto* const signer = EVP_PKEY_CTX_new(key(1).native().get(), nullptr);
    EVP_PKEY_sign_init(signer);
    EVP_PKEY_CTX_set_signature_md(signer, EVP_sha256());
    EVP_PKEY_verify_init(c);
    EVP_PKEY_CTX_set_signature_md(c, EVP_sha256());
    EVP_PKEY_sign(signer, signature.data(), &length, hash.data(), hash.size());
    for (auto _ : state) {
        const int good =
            verify ? EVP_PKEY_verify(c, signature.data(), length, hash.data(), hash.size())
                   : EVP_PKEY_sign(signer, signature.data(), &length, hash.data(), hash.size());
        if (good != 1) {
            state.SkipWithError("RSA failed");
            break;
        }
    }
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_CTX_free(signer);
}

void bare_rsa_sign(benchmark::State& state) {
    bare_rsa(state, false);
}
void bare_rsa_verify(benchmark::State& state) {
    bare_rsa(state, true);
}
BENCHMARK(bare_rsa_sign);

void mdm_signature_sign(benchmark::State& state) {
    const auto body = token_update();
    for (auto _ : state) {
        benchmark::DoNotOptimize(value_of(crypto::sign_detached(body, device(), now)));
    }
}
BENCHMARK(mdm_signature_sign);
BENCHMARK(bare_rsa_verify);

void mdm_signature_verify_known_signer(benchmark::State& state) {
    const auto body = token_update();
    const auto cms = value_of(crypto::sign_detached(body, device(), now));
    crypto::signer_cache known;
    for (auto _ : state) {
        benchmark::DoNotOptimize(value_of(known.verify_detached(ctx, cms, body)));
    }
}
BENCHMARK(mdm_signature_verify_known_signer);

void mdm_signature_verify_new_signer(benchmark::State& state) {
    const auto body = token_update();
    const auto cms = value_of(crypto::sign_detached(body, device(), now));
    for (auto _ : state) {
        benchmark::DoNotOptimize(value_of(crypto::verify_detached(ctx, cms, body)));
    }
}
BENCHMARK(mdm_signature_verify_new_signer);

void chain_of_a_device(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(crypto::verify_chain(device().cert, {}, {ca().cert}, now));
    }
}
BENCHMARK(chain_of_a_device);

/// The CA's part of a PKIOperation with the message functions: open, check, issue, answer.
bytes answer(bytes_view message) {
    const auto request = value_of(scep::open_message(ctx, message));
    const auto content = value_of(scep::open_envelope(ctx, request.envelope, ca())).content;
    const auto asked = value_of(crypto::read_request(ctx, content));
    const auto issued =
        value_of(crypto::issue(spec_for("mac", false), asked.public_key_info, ca()));
    return value_of(scep::build_success(ctx, {issued}, request.signer, ca(),
                                        {.transaction_id = request.transaction_id,
                                         .recipient_nonce = request.sender_nonce,
                                         .sender_nonce = bytes(16, 7),
                                         .signing_time = now}));
}

/// Both ends: three signatures and a decryption of the client, two signatures and a decryption of
/// the CA.
void scep_round(benchmark::State& state) {
    const auto root = ca().cert.der();
    for (auto _ : state) {
        scep::client_config config;
        config.url = "http://127.0.0.1/scep";
        config.subject = {{"CN", "mac"}};
        config.challenge = "one-time";
        config.usage = crypto::key_usage{.digital_signature = true, .key_encipherment = true};
        scep::client client{ctx, std::move(config), key(1)};
        client.start(now);
        client.on_response(200, "application/x-x509-ca-cert", root, now);
        const auto asks =
            client.on_response(200, "text/plain", as_bytes("AES\nSHA-256\nPOSTPKIOperation"), now);
        const auto done = client.on_response(200, "application/x-pki-message",
                                             answer(std::get<scep::http_action>(asks).body), now);
        if (!std::holds_alternative<scep::done_action>(done)) {
            state.SkipWithError("the enrollment did not come about");
            break;
        }
    }
}
BENCHMARK(scep_round);

} // namespace
} // namespace pomona::bench

BENCHMARK_MAIN();
