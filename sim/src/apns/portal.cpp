#include "apns/portal.hpp"

#include "pomona/foundation/uuid.hpp"

#include <chrono>

namespace pomona::sim::apns {

namespace {

using namespace std::chrono_literals;

/// Choice: clocks of clients under test may be a little behind.
constexpr duration backdated = 1h;
/// Choice: longer than any run, simulated years included.
constexpr duration authority_lifetime = std::chrono::days{20 * 365};
/// Apple: push certificates are valid for one year.
constexpr duration push_lifetime = std::chrono::days{365};
/// Usual for generating an RSA key; the virtual clock moves on by it.
constexpr duration key_cost = 160ms;

const bytes der_null{0x05, 0x00};

/// 16 octets, positive, and without a leading zero that DER would drop.
bytes draw_serial(net::world& world) {
    auto serial = world.random(16);
    serial.front() = static_cast<std::uint8_t>((serial.front() & 0x7fU) | 0x40U);
    return serial;
}

net::task<result<crypto::private_key>> key_of(net::world* world, key_source keys,
                                              std::string_view role, bool rsa) {
    if (keys) {
        if (auto given = keys(role)) {
            co_return std::move(*given);
        }
    }
    // Held by the work itself: the world may end while a pool thread still generates.
    struct outcome {
        std::optional<result<crypto::private_key>> key;
    };
    const auto made = std::make_shared<outcome>();
    co_await world->offload(
        [made, ctx = world->crypto(), rsa] {
            made->key = rsa ? crypto::private_key::generate_rsa(ctx)
                            : crypto::private_key::generate_p256(ctx);
        },
        key_cost);
    co_return std::move(*made->key);
}

/// "com.apple.mgmt.External.<UUID>" has its UUID in the CN too; any other topic gets one of its
/// own.
std::string common_name(net::world& world, const topic& for_topic) {
    const auto& text = for_topic.value();
    const auto dot = text.rfind('.');
    if (dot != std::string::npos && is_uuid(std::string_view{text}.substr(dot + 1))) {
        return "APSP:" + text.substr(dot + 1);
    }
    return "APSP:" + world.random_uuid();
}

result<crypto::identity> issue_for_server(net::world& world, crypto::private_key key,
                                          const crypto::identity& issuer,
                                          std::vector<std::string> names) {
    crypto::certificate_spec spec;
    spec.subject = {{"CN", names.empty() ? "localhost" : names.front()}};
    spec.serial = draw_serial(world);
    spec.not_before = world.now() - backdated;
    spec.not_after = spec.not_before + authority_lifetime;
    spec.usage = {.digital_signature = true, .key_encipherment = key.is_rsa()};
    spec.extended_usage = {"serverAuth"};
    spec.dns_names = std::move(names);
    auto cert = crypto::issue(spec, key.public_key_info(), issuer);
    if (!cert) {
        return std::unexpected(cert.error());
    }
    return crypto::identity{.cert = std::move(*cert), .key = std::move(key), .chain = {}};
}

} // namespace

net::task<result<authority>> make_authority(net::world& world, key_source keys,
                                            std::vector<std::string> names) {
    auto root_key = co_await key_of(&world, keys, "apns-ca", false);
    if (!root_key) {
        co_return std::unexpected(root_key.error());
    }
    auto tls_key = co_await key_of(&world, keys, "apns-tls", false);
    if (!tls_key) {
        co_return std::unexpected(tls_key.error());
    }
    const auto from = world.now() - backdated;
    crypto::certificate_spec root_spec;
    root_spec.subject = {{"CN", "Emulated Push Services Root CA"}, {"O", "Pomona"}};
    root_spec.serial = draw_serial(world);
    root_spec.not_before = from;
    root_spec.not_after = from + authority_lifetime;
    root_spec.ca = true;
    root_spec.usage = {.key_cert_sign = true, .crl_sign = true};
    auto root = crypto::self_sign(root_spec, *root_key);
    if (!root) {
        co_return std::unexpected(root.error());
    }
    crypto::identity issuer{.cert = *root, .key = *root_key, .chain = {}};

    auto tls = issue_for_server(world, std::move(*tls_key), issuer, std::move(names));
    if (!tls) {
        co_return std::unexpected(tls.error());
    }
    co_return authority{.root = std::move(issuer), .tls = *std::move(tls)};
}

net::task<result<crypto::identity>> issue_tls_certificate(net::world& world, crypto::identity root,
                                                          std::vector<std::string> names) {
    auto key = co_await key_of(&world, {}, "tls", false);
    if (!key) {
        co_return std::unexpected(key.error());
    }
    co_return issue_for_server(world, std::move(*key), root, std::move(names));
}

net::task<result<crypto::identity>> issue_push_certificate(net::world& world, key_source keys,
                                                           crypto::identity root, topic for_topic) {
    auto key = co_await key_of(&world, keys, "push-certificate", true);
    if (!key) {
        co_return std::unexpected(key.error());
    }
    crypto::certificate_spec spec;
    spec.subject = {{"UID", for_topic.value()}, {"CN", common_name(world, for_topic)}, {"C", "US"}};
    spec.serial = draw_serial(world);
    spec.not_before = world.now() - backdated;
    spec.not_after = spec.not_before + push_lifetime;
    spec.usage = {.digital_signature = true, .key_encipherment = true};
    spec.extended_usage = {"clientAuth"};
    spec.extensions = {{std::string{sandbox_client_oid}, der_null},
                       {std::string{production_client_oid}, der_null}};
    auto cert = crypto::issue(spec, key->public_key_info(), root);
    if (!cert) {
        co_return std::unexpected(cert.error());
    }
    co_return crypto::identity{.cert = std::move(*cert), .key = std::move(*key), .chain = {}};
}

} // namespace pomona::sim::apns
