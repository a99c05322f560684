// Which keys of property lists and JSON hold secrets, and what kind each is: the one table.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace pomona::trace {

struct secret_key {
    std::string_view name;
    std::string_view type; ///< as in the placeholder
};

/// Names as on the wire, from Apple's schema (release 26), the ABM and account-driven enrollment
/// documents, and the servers' own APIs. Sorted by name. Command UUIDs, push tokens and DDM tokens
/// are no secrets.
inline constexpr std::array<secret_key, 67> secret_keys{{
    {"AIMPassword", "password"},
    {"AccessKey", "access-key"},
    {"ActivationLockBypassCode", "bypass-code"},
    {"AppleCareToken", "token"},
    {"AuthPassword", "password"},
    {"AuthToken", "auth-token"},
    {"AutologinPassword", "password"},
    {"BootstrapToken", "bootstrap-token"},
    {"CHALLENGE", "challenge"},
    {"CalDAVPassword", "password"},
    {"CardDAVPassword", "password"},
    {"CertificatePassword", "password"},
    {"Challenge", "challenge"},
    {"CurrentPassword", "password"},
    {"DeviceKey", "key"},
    {"DigestResponse", "digest-response"},
    {"EAPPassword", "password"},
    {"EscrowKey", "key"},
    {"HTTPProxyPassword", "password"},
    {"IdentityToken", "token"},
    {"IncomingPassword", "password"},
    {"JabberPassword", "password"},
    {"LDAPAccountPassword", "password"},
    {"NewPassword", "password"},
    {"OneTimeUserPassword", "password"},
    {"OutgoingPassword", "password"},
    {"PAIRING_TOKEN", "token"},
    {"PIN", "pin"},
    {"Passcode", "passcode"},
    {"Password", "password"},
    {"PersonalRecoveryKey", "recovery-key"},
    {"PrivateKey", "key"},
    {"PrivateKeyExport", "key"},
    {"PrivateKeyExportPassword", "password"},
    {"ProxyPassword", "password"},
    {"RecoveryKey", "recovery-key"},
    {"RegistrationToken", "token"},
    {"RemovalPassword", "password"},
    {"SecurityToken", "token"},
    {"SharedSecret", "shared-secret"},
    {"SubCalAccountPassword", "password"},
    {"TokenData", "token-data"},
    {"UnlockToken", "unlock-token"},
    {"UserPassword", "password"},
    {"XAuthPassword", "password"},
    {"access_secret", "access-secret"},
    {"access_token", "access-token"},
    {"api_key", "api-key"},
    {"apikey", "api-key"},
    {"auth_session_token", "session-token"},
    {"auth_token", "auth-token"},
    {"bootstrap_token", "bootstrap-token"},
    {"challenge", "challenge"},
    {"client_assertion", "client-assertion"},
    {"client_secret", "client-secret"},
    {"code_verifier", "code-verifier"},
    {"consumer_secret", "consumer-secret"},
    {"id_token", "id-token"},
    {"password", "password"},
    {"passwordHash", "password-hash"},
    {"pin", "pin"},
    {"private_key", "key"},
    {"refresh_token", "refresh-token"},
    {"secret", "secret"},
    {"sharedSecret", "shared-secret"},
    {"unlock_pin", "pin"},
    {"unlock_token", "unlock-token"},
}};
static_assert(std::ranges::is_sorted(secret_keys, {}, &secret_key::name));

/// Of query strings and form bodies: those of the table, and what only there is a secret.
inline constexpr std::array<secret_key, 5> secret_parameters{{
    {"SAMLResponse", "assertion"},
    {"access-token", "access-token"},
    {"assertion", "client-assertion"},
    {"authorization", "authorization"},
    {"code", "code"},
}};

/// The kind of secret under `name`; empty: none.
constexpr std::string_view secret_type(std::string_view name) {
    const auto found = std::ranges::lower_bound(secret_keys, name, {}, &secret_key::name);
    return found != secret_keys.end() && found->name == name ? found->type : std::string_view{};
}

constexpr std::string_view secret_parameter_type(std::string_view name) {
    const auto found = std::ranges::find(secret_parameters, name, &secret_key::name);
    return found != secret_parameters.end() ? found->type : secret_type(name);
}

} // namespace pomona::trace
