#include "fields.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>
#include <array>

namespace pomona::mdm {
namespace {

constexpr std::string_view user_short_name = "UserShortName";
constexpr std::string_view user_long_name = "UserLongName";
constexpr std::string_view enrollment_user_id = "EnrollmentUserID";

void set_text(plist::dict& message, std::string_view key, const std::string& text) {
    if (!text.empty()) {
        message.set(key, text);
    }
}

} // namespace

std::string_view user_key(std::string_view user_id, std::string_view short_name) {
    constexpr std::string_view shared_ipad_user = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";
    return user_id == shared_ipad_user && !short_name.empty() ? short_name : user_id;
}

enrollment_id sender::id() const {
    const auto& base = device.empty() ? enrollment : device.value();
    if (user_id.empty()) {
        return enrollment_id{base};
    }
    return enrollment_id{base + ':' + std::string{user_key(user_id, user_short_name)}};
}

result<plist::dict> read_body(bytes_view body) {
    return plist::parse_dict(body);
}

result<sender> read_sender(const plist::dict& message) {
    fields f{message};
    sender out;
    out.device = udid{f.text_or(key::udid)};
    // Schema mdm/checkin: device enrollment has UDID and never EnrollmentID, user enrollment the
    // reverse (MDM-CHK-042). A UDID decides.
    if (out.device.empty()) {
        out.enrollment = f.text_or(key::enrollment_id);
        out.user_id = f.text_or(enrollment_user_id);
    } else {
        out.user_id = f.text_or(key::user_id);
    }
    out.user_short_name = f.text_or(user_short_name);
    out.user_long_name = f.text_or(user_long_name);
    out.auth_token = f.text_or(key::auth_token);
    if (auto read = f.outcome(); !read) {
        return std::unexpected(read.error());
    }
    if (out.device.empty() && out.enrollment.empty()) {
        return fail(errc::no_identifier);
    }
    return out;
}

void write_sender(plist::dict& message, const sender& from) {
    const bool user_enrollment = from.device.empty();
    set_text(message, key::udid, from.device.value());
    if (user_enrollment) {
        set_text(message, key::enrollment_id, from.enrollment);
    }
    set_text(message, user_enrollment ? enrollment_user_id : key::user_id, from.user_id);
    set_text(message, user_short_name, from.user_short_name);
    set_text(message, user_long_name, from.user_long_name);
    set_text(message, key::auth_token, from.auth_token);
}

bool is_sender_key(std::string_view name) {
    constexpr std::array all{key::udid,      key::enrollment_id, key::user_id,   user_short_name,
                             user_long_name, enrollment_user_id, key::auth_token};
    return std::ranges::find(all, name) != all.end();
}

} // namespace pomona::mdm
