// Configuration profiles (Apple, "Profile-Specific Payload Keys"): parse, verify, build.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "pomona/protocol/scep/client.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pomona::profile {

enum class errc {
    malformed = 1,
    missing_key,
    wrong_type,
    duplicate_uuid,
    bad_signature,
    encrypted,
    unsupported_value,
    decrypt_failed ///< encrypted, but not for the identity at hand
};
std::error_code make_error_code(errc value);

inline constexpr std::string_view mdm_type = "com.apple.mdm";
inline constexpr std::string_view scep_type = "com.apple.security.scep";
inline constexpr std::string_view root_type = "com.apple.security.root";
inline constexpr std::string_view pkcs1_type = "com.apple.security.pkcs1";
inline constexpr std::string_view pkcs12_type = "com.apple.security.pkcs12";
inline constexpr std::string_view pem_type = "com.apple.security.pem";
inline constexpr std::string_view acme_type = "com.apple.security.acme";
inline constexpr std::string_view removal_password_type = "com.apple.profileRemovalPassword";

/// What went wrong is in a payload, not in the profile around it: `error.detail` begins with this.
inline constexpr std::string_view in_payload = "payload ";

struct payload {
    std::string type, identifier, uuid, display_name, organization, description;
    std::int64_t version = 1;
    plist::dict content; ///< the whole payload dictionary, common keys included
};

/// PayloadScope.
enum class profile_scope { unstated, system, user };

struct profile {
    std::string identifier, uuid, display_name, organization, description;
    std::int64_t version = 1;
    bool removal_disallowed = false;
    profile_scope scope = profile_scope::unstated;
    std::optional<time_point> removal_date = std::nullopt;
    std::optional<duration> duration_until_removal = std::nullopt; ///< from the installation on
    std::int64_t target_device_type = 0;                           ///< 0: any, 5: Mac
    bool is_encrypted = false;
    bool is_signed = false;
    std::optional<crypto::certificate> signer;
    std::vector<crypto::certificate> signer_chain;
    std::vector<payload> payloads;

    /// Payloads are found by type, never by place.
    [[nodiscard]] std::vector<const payload*> of_type(std::string_view type) const;
    [[nodiscard]] const payload* by_uuid(std::string_view payload_uuid) const;
    /// The password that a user needs to remove it; null: none. A secret.
    [[nodiscard]] const std::string* removal_password() const;
};

/// Bare or CMS-signed (the signature is verified, its chain is not judged). Required: PayloadType
/// Configuration, PayloadIdentifier, PayloadUUID, PayloadVersion, and the four common keys in each
/// payload. `own`: opens encrypted payloads; without it they are errc::encrypted.
result<profile> parse(const crypto::context& ctx, bytes_view data,
                      const crypto::identity* own = nullptr);
/// An XML plist of the profile, in the clear; sign it with crypto::sign_attached.
bytes write(const profile& p);
/// The same with the payloads encrypted for the holder of `recipient` (an RSA key).
result<bytes> write_encrypted(const crypto::context& ctx, const profile& p,
                              const crypto::certificate& recipient);

/// The com.apple.mdm payload (schema mdm/profiles/com.apple.mdm.yaml).
struct mdm_payload {
    std::string identity_certificate_uuid;
    pomona::topic topic;
    std::string server_url;
    std::string checkin_url; ///< empty: ServerURL
    bool sign_message = false;
    std::int64_t access_rights = 0;
    bool check_out_when_removed = false;
    bool use_development_apns = false;
    std::vector<std::string> server_capabilities;
    std::string enrollment_mode = {}; ///< account-driven: "BYOD" or "ADDE"
    std::string assigned_managed_apple_id = {};
    /// PayloadUUIDs of the certificates that alone are trusted at ServerURL and at CheckInURL
    /// (ServerURLPinningCertificateUUIDs, CheckInURLPinningCertificateUUIDs); empty: the usual
    /// ones.
    std::vector<std::string> server_pins = {}, checkin_pins = {};
    /// PinningRevocationCheckRequired: no connection without a positive answer of such a check.
    bool revocation_check_required = false;
};
result<mdm_payload> read_mdm(const payload& p);
plist::dict write_mdm(const mdm_payload& m);

/// The com.apple.security.scep payload as a client configuration, and its key demands.
struct scep_payload {
    scep::client_config client; ///< subject with variables still in it
    int key_size = 1024;        ///< Apple's default
    std::string key_type = "RSA";
    std::int64_t key_usage = 0; ///< 1 sign, 4 encrypt
};
result<scep_payload> read_scep(const payload& p);
plist::dict write_scep(const scep_payload& s);

/// A com.apple.security.pkcs12 payload: PayloadContent opened with Password (absent: none).
result<crypto::identity> read_pkcs12(const crypto::context& ctx, const payload& p);

/// DER (root, pkcs1) or PEM (pem) certificates of a certificate payload.
result<std::vector<crypto::certificate>> read_certificates(const crypto::context& ctx,
                                                           const payload& p);

} // namespace pomona::profile

POMONA_ERROR_ENUM(pomona::profile::errc);
