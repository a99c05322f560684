#include "pomona/protocol/mdm/machine_info.hpp"

#include "fields.hpp"

#include <charconv>

namespace pomona::mdm {
namespace {

namespace key_name {
constexpr std::string_view udid = "UDID";
constexpr std::string_view serial = "SERIAL";
constexpr std::string_view product = "PRODUCT";
constexpr std::string_view build = "VERSION";
constexpr std::string_view os_version = "OS_VERSION";
constexpr std::string_view language = "LANGUAGE";
constexpr std::string_view can_request = "MDM_CAN_REQUEST_SOFTWARE_UPDATE";
constexpr std::string_view update_id = "SOFTWARE_UPDATE_DEVICE_ID";
} // namespace key_name

void set_text(plist::dict& d, std::string_view key, const std::string& text) {
    if (!text.empty()) {
        d.set(key, text);
    }
}

/// The number before the first dot, which goes with it; 0 for what is none.
unsigned take_number(std::string_view& text) {
    const auto part = text.substr(0, text.find('.'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    unsigned out = 0;
    std::from_chars(part.data(), part.data() + part.size(), out);
    return out;
}

} // namespace

bytes write_machine_info(const machine_info& m) {
    plist::dict d;
    set_text(d, key_name::udid, m.device.value());
    set_text(d, key_name::serial, m.serial.value());
    set_text(d, key_name::product, m.product);
    set_text(d, key_name::build, m.build);
    set_text(d, key_name::os_version, m.os_version);
    set_text(d, key_name::language, m.language);
    if (m.can_request_software_update) {
        d.set(key_name::can_request, true);
    }
    set_text(d, key_name::update_id, m.software_update_device_id);
    return plist::to_xml(std::move(d));
}

result<machine_info> read_machine_info(bytes_view data) {
    auto d = read_body(data);
    if (!d) {
        return std::unexpected(std::move(d.error()));
    }
    fields f{*d};
    machine_info out;
    out.device = pomona::udid{f.text(key_name::udid)};
    out.serial = serial_number{f.text(key_name::serial)};
    out.product = f.text_or(key_name::product);
    out.build = f.text_or(key_name::build);
    out.os_version = f.text_or(key_name::os_version);
    out.language = f.text_or(key_name::language);
    out.can_request_software_update = f.flag_if_any(key_name::can_request).value_or(false);
    out.software_update_device_id = f.text_or(key_name::update_id);
    if (auto read = f.outcome(); !read) {
        return std::unexpected(read.error());
    }
    return out;
}

bool is_older_version(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        const auto left = take_number(a);
        const auto right = take_number(b);
        if (left != right) {
            return left < right;
        }
    }
    return false;
}

} // namespace pomona::mdm
