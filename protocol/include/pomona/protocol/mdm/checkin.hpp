// Check-in messages (schema mdm/checkin): reading on the server, writing on the Mac.
#pragma once

#include "pomona/foundation/error.hpp"
#include "pomona/foundation/ids.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pomona::mdm {

enum class errc { malformed = 1, missing_key, wrong_type, unknown_message, no_identifier };
std::error_code make_error_code(errc value);

/// What tells a device's users apart: the UserID, but on a Shared iPad, where all users have the
/// same (FFFFFFFF-…), the short name. Observed (F18). Views of the arguments.
std::string_view user_key(std::string_view user_id, std::string_view short_name);

/// Who sent a message: device channel, or a user of it. Either `device` (UDID) or `enrollment`
/// (EnrollmentID, user enrollment).
struct sender {
    udid device;
    std::string enrollment; ///< EnrollmentID; empty in device enrollment
    std::string user_id;    ///< UserID or EnrollmentUserID; empty on the device channel
    std::string user_short_name;
    std::string user_long_name;
    /// Of a network user: what UserAuthenticate gave, in every later body (MDM-CHK-081).
    std::string auth_token = {};
    /// The server's key: "<UDID>" or "<UDID>:<UserID>" (as widely used servers have it); of a
    /// Shared iPad's user "<UDID>:<UserShortName>".
    [[nodiscard]] enrollment_id id() const;
    [[nodiscard]] bool is_user_channel() const { return !user_id.empty(); }
};

/// Schema mdm/checkin/authenticate.yaml.
struct authenticate {
    pomona::topic topic;
    std::string device_name, model, model_name, os_version, build_version, product_name;
    serial_number serial;
};
/// Schema mdm/checkin/tokenupdate.yaml.
struct token_update {
    pomona::topic topic;
    push_token token;
    push_magic magic;
    bool awaiting_configuration = false;
    std::optional<bool> not_on_console;
};
/// Schema mdm/checkin/checkout.yaml.
struct check_out {
    pomona::topic topic;
};
/// Schema mdm/checkin/declarativemanagement.yaml.
struct declarative_management {
    std::string endpoint;
    std::optional<bytes> data;
};
/// Schema mdm/checkin/userauthenticate.yaml: the first of the two steps has no response.
struct user_authenticate {
    std::optional<std::string> digest_response = std::nullopt;
};
struct checkin_message {
    sender from;
    std::variant<authenticate, token_update, check_out, declarative_management, user_authenticate>
        body;
};

/// Unknown extra keys are ignored (MDM-CHK-047). Errors name the key.
result<checkin_message> parse_checkin(bytes_view body);
/// The XML a Mac sends.
bytes write_checkin(const checkin_message& message);
/// "Authenticate", "TokenUpdate", "CheckOut", "DeclarativeManagement", "UserAuthenticate".
std::string_view message_type(const checkin_message& message);

} // namespace pomona::mdm

POMONA_ERROR_ENUM(pomona::mdm::errc);
