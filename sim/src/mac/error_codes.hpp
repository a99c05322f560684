// The error domains and codes a Mac reports with. They are diagnostics: no server may branch on
// them (Apple, "Sending MDM commands"); the numbers are those of Apple's older protocol reference.
#pragma once

#include "pomona/protocol/mdm/command.hpp"

#include <string>
#include <utility>

namespace pomona::sim::mac {

inline constexpr std::string_view profile_error_domain = "MCProfileErrorDomain";
inline constexpr std::string_view payload_error_domain = "MCPayloadErrorDomain";
inline constexpr std::string_view installation_error_domain = "MCInstallationErrorDomain";
inline constexpr std::string_view device_management_error_domain = "DeviceManagement.error";
inline constexpr std::string_view mdm_error_domain = "MCMDMErrorDomain";
inline constexpr std::string_view chaperone_error_domain = "MCChaperoneErrorDomain";
inline constexpr std::string_view settings_error_domain = "MCSettingsErrorDomain";
inline constexpr std::string_view certificate_error_domain = "MCCertificateErrorDomain";
inline constexpr std::string_view provisioning_error_domain = "MCProvisioningProfileErrorDomain";
/// Observed (F27).
inline constexpr std::string_view device_enrollment_error_domain = "MDMDeviceEnrollment";
inline constexpr std::string_view scep_error_domain = "MCSCEPErrorDomain";
/// Of the App Store on the Mac, and of its server (F28).
inline constexpr std::string_view store_error_domain = "ASDErrorDomain";
inline constexpr std::string_view store_server_error_domain = "ASDServerErrorDomain";

namespace code {
inline constexpr std::int64_t software_update_services_none = 3;
inline constexpr std::int64_t no_update_found = 2213;
inline constexpr std::int64_t duplicate_request = 506;
inline constexpr std::int64_t licence_not_found = 9610;
inline constexpr std::int64_t not_in_setup = 101;
inline constexpr std::int64_t profile_malformed = 1000;
inline constexpr std::int64_t profile_unsupported_version = 1001;
inline constexpr std::int64_t profile_missing_field = 1002;
inline constexpr std::int64_t profile_wrong_type = 1003;
inline constexpr std::int64_t profile_bad_signature = 1004;
inline constexpr std::int64_t profile_empty = 1005;
inline constexpr std::int64_t profile_duplicate_uuid = 1007;
inline constexpr std::int64_t profile_duplicate_identifier = 1008;
inline constexpr std::int64_t profile_install_failure = 1009;
inline constexpr std::int64_t payload_malformed = 2000;
inline constexpr std::int64_t payload_missing_field = 2002;
inline constexpr std::int64_t payload_wrong_type = 2003;
inline constexpr std::int64_t payload_unsupported_value = 2004;
inline constexpr std::int64_t cannot_remove = 4001;
inline constexpr std::int64_t replacement_lacks_mdm = 4015;
inline constexpr std::int64_t must_come_by_mdm = 4022;
inline constexpr std::int64_t payload_not_acceptable = 4023;
inline constexpr std::int64_t profile_not_found = 4024;
inline constexpr std::int64_t supervision_problem = 4025;
inline constexpr std::int64_t bad_certificate = 9000;
inline constexpr std::int64_t second_mdm_payload = 12001;
inline constexpr std::int64_t cannot_check_in = 12002;
inline constexpr std::int64_t not_authorised = 12007;
inline constexpr std::int64_t malformed_request = 12008;
inline constexpr std::int64_t replacement_invalid = 12009;
inline constexpr std::int64_t replacement_mismatch = 12012;
inline constexpr std::int64_t profile_not_managed = 12013;
inline constexpr std::int64_t unknown_request_type = 12021;
inline constexpr std::int64_t erase_preflight_failed = 12010; ///< Choice: "internal inconsistency"
inline constexpr std::int64_t firmware_refused = 12010;
inline constexpr std::int64_t no_bypass_code = 12010;
inline constexpr std::int64_t rotation_failed = 12010;
inline constexpr std::int64_t wrong_password = 12010;
inline constexpr std::int64_t app_not_in_store = 12023;
inline constexpr std::int64_t manifest_not_validated = 12024;
inline constexpr std::int64_t app_present = 12025;
inline constexpr std::int64_t app_not_managed = 12029;
inline constexpr std::int64_t manifest_invalid = 12033;
inline constexpr std::int64_t manifest_not_https = 12034;
inline constexpr std::int64_t no_update_available = 12048;
inline constexpr std::int64_t update_scan_failed = 12050;
inline constexpr std::int64_t update_download_failed = 12057;
inline constexpr std::int64_t update_install_failed = 12062;
inline constexpr std::int64_t unknown_user = 12071;
inline constexpr std::int64_t user_logged_in = 12072;
inline constexpr std::int64_t cannot_delete_user = 12074;
inline constexpr std::int64_t profile_not_installed = 12075;
inline constexpr std::int64_t scep_failed = 22000;
inline constexpr std::int64_t bad_provisioning_profile = 25000;
inline constexpr std::int64_t unknown_setting = 28000;
inline constexpr std::int64_t not_supervised = 29000;
} // namespace code

/// Both texts are the same: a Mac set to English.
inline mdm::error_chain_item mac_error(std::string_view domain, std::int64_t number,
                                       std::string text) {
    return {.code = number,
            .domain = std::string{domain},
            .localized_description = text,
            .us_english_description = std::move(text)};
}

} // namespace pomona::sim::mac
