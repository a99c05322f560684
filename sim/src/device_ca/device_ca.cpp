#include "pomona/sim/device_ca/device_ca.hpp"

#include <chrono>

namespace pomona::sim {
namespace {

using namespace std::chrono_literals;

/// Choice: longer than any run, simulated years included; a device's lasts as long as the device.
constexpr duration lifetime = std::chrono::days{20 * 365};
constexpr duration backdated = 24h;
/// Usual for generating an RSA key; the virtual clock moves on by it.
constexpr duration key_cost = 160ms;

/// 16 octets, positive, and without a leading zero that DER would drop.
bytes draw_serial(net::world& world) {
    auto serial = world.random(16);
    serial.front() = static_cast<std::uint8_t>((serial.front() & 0x7fU) | 0x40U);
    return serial;
}

crypto::certificate_spec spec_of(net::world& world, crypto::name subject) {
    crypto::certificate_spec out;
    out.subject = std::move(subject);
    out.serial = draw_serial(world);
    out.not_before = world.now() - backdated;
    out.not_after = out.not_before + lifetime;
    return out;
}

crypto::certificate_spec authority_spec(net::world& world, std::string common_name) {
    auto out = spec_of(world, {{"CN", std::move(common_name)}, {"O", "Pomona"}});
    out.ca = true;
    out.usage = {.key_cert_sign = true, .crl_sign = true};
    return out;
}

net::task<result<crypto::private_key>> key_of(net::world* world, device_ca::key_source keys) {
    if (keys) {
        if (auto given = keys("device-ca")) {
            co_return std::move(*given);
        }
    }
    // Held by the work itself: the world may end while a pool thread still generates.
    const auto made = std::make_shared<std::optional<result<crypto::private_key>>>();
    co_await world->offload(
        [made, ctx = world->crypto()] { *made = crypto::private_key::generate_rsa(ctx); },
        key_cost);
    co_return std::move(**made);
}

} // namespace

net::task<result<std::shared_ptr<const device_ca>>> device_ca::make(net::world& world,
                                                                    key_source keys) {
    auto* const w = &world;
    auto key = co_await key_of(w, std::move(keys));
    if (!key) {
        co_return std::unexpected(std::move(key.error()));
    }
    auto root = crypto::self_sign(authority_spec(*w, "Emulated Device Root CA"), *key);
    if (!root) {
        co_return std::unexpected(std::move(root.error()));
    }
    // Choice: one key for both; who has the one has the other.
    auto middle = crypto::issue(authority_spec(*w, "Emulated Device CA"), key->public_key_info(),
                                {.cert = *root, .key = *key, .chain = {}});
    if (!middle) {
        co_return std::unexpected(std::move(middle.error()));
    }
    co_return std::shared_ptr<const device_ca>{
        new device_ca{*std::move(root), {.cert = *std::move(middle), .key = *key, .chain = {}}}};
}

result<crypto::identity> device_ca::issue(net::world& world, const mac::hardware& machine,
                                          const crypto::private_key& key) const {
    auto spec = spec_of(world, {{"CN", machine.device.value()}, {"OU", "Device"}, {"O", "Pomona"}});
    spec.usage = {.digital_signature = true, .key_encipherment = true};
    auto cert = crypto::issue(spec, key.public_key_info(), issuer_);
    if (!cert) {
        return std::unexpected(std::move(cert.error()));
    }
    crypto::identity out{.cert = *std::move(cert), .key = key, .chain = {issuer_.cert}};
    const auto form = machine.wire.device_chain;
    if (form == mac::device_chain::whole ||
        (form == mac::device_chain::usual && !machine.kind.is_mac())) {
        out.chain.push_back(root_);
    }
    return out;
}

} // namespace pomona::sim
