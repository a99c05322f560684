#include "builders.hpp"

#include <array>

namespace pomona::test {

using namespace crypto;

context seeded(std::string_view seed) {
    return context::seeded(as_bytes(seed));
}

const private_key& rsa_key(std::size_t number) {
    static const auto keys = [] {
        // Derived, so that runs are alike; decoded into the system context, so that they may be
        // used from anywhere.
        const auto ctx = seeded("test keys");
        std::vector<private_key> made;
        for (int i = 0; i < 4; ++i) {
            const auto key = value_of(private_key::generate_rsa(ctx));
            made.push_back(value_of(private_key::from_der(context::system(), key.to_der())));
        }
        return made;
    }();
    return keys.at(number);
}

const private_key& ec_key() {
    static const auto key = value_of(private_key::generate_p256(context::system()));
    return key;
}

certificate_spec spec_for(std::string cn) {
    certificate_spec spec;
    spec.subject = {{"CN", std::move(cn)}};
    spec.serial = {1};
    spec.not_before = now - day;
    spec.not_after = now + 364 * day;
    return spec;
}

const identity& rsa_ca() {
    static const auto ca = [] {
        auto spec = spec_for("Test CA");
        spec.ca = true;
        spec.usage = {.digital_signature = true,
                      .key_encipherment = true,
                      .key_cert_sign = true,
                      .crl_sign = true};
        return identity{value_of(self_sign(spec, rsa_key(0))), rsa_key(0), {}};
    }();
    return ca;
}

identity leaf(const std::string& cn, const private_key& key) {
    auto spec = spec_for(cn);
    spec.serial = {0x7f, 0x01};
    spec.usage = {.digital_signature = true, .key_encipherment = true};
    spec.extended_usage = {"clientAuth"};
    return {value_of(issue(spec, key.public_key_info(), rsa_ca())), key, {rsa_ca().cert}};
}

identity self_signed(const std::string& cn, const private_key& key) {
    auto spec = spec_for(cn);
    spec.usage = {.digital_signature = true, .key_encipherment = true};
    return {value_of(self_sign(spec, key)), key, {}};
}

} // namespace pomona::test
