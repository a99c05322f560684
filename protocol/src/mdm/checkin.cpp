#include "pomona/protocol/mdm/checkin.hpp"

#include "fields.hpp"
#include "pomona/protocol/mdm/keys.hpp"

namespace pomona::mdm {
namespace {

constexpr std::string_view authenticate_name = "Authenticate";
constexpr std::string_view token_update_name = "TokenUpdate";
constexpr std::string_view check_out_name = "CheckOut";
constexpr std::string_view declarative_management_name = "DeclarativeManagement";
constexpr std::string_view user_authenticate_name = "UserAuthenticate";

namespace key_name {
constexpr std::string_view device_name = "DeviceName";
constexpr std::string_view model = "Model";
constexpr std::string_view model_name = "ModelName";
constexpr std::string_view os_version = "OSVersion";
constexpr std::string_view build_version = "BuildVersion";
constexpr std::string_view product_name = "ProductName";
constexpr std::string_view serial = "SerialNumber";
constexpr std::string_view awaiting_configuration = "AwaitingConfiguration";
} // namespace key_name

using body = decltype(checkin_message::body);

/// Schema mdm/checkin/authenticate.yaml requires DeviceName, ModelName and Model on macOS.
/// Observed: a captured user enrollment has none of the three, so a reader must not insist
/// (MDM-CHK-042).
body read_authenticate(fields& f) {
    authenticate out;
    out.topic = topic{f.text(key::topic)};
    out.device_name = f.text_or(key_name::device_name);
    out.model = f.text_or(key_name::model);
    out.model_name = f.text_or(key_name::model_name);
    out.os_version = f.text_or(key_name::os_version);
    out.build_version = f.text_or(key_name::build_version);
    out.product_name = f.text_or(key_name::product_name);
    out.serial = serial_number{f.text_or(key_name::serial)};
    return out;
}

body read_token_update(fields& f) {
    token_update out;
    out.topic = topic{f.text(key::topic)};
    out.token = push_token{f.data(key::token)};
    out.magic = push_magic{f.text(key::push_magic)};
    out.awaiting_configuration = f.flag_if_any(key_name::awaiting_configuration).value_or(false);
    out.not_on_console = f.flag_if_any(key::not_on_console);
    return out;
}

body read_declarative_management(fields& f) {
    declarative_management out;
    out.endpoint = f.text(key::endpoint);
    out.data = f.data_if_any(key::data);
    return out;
}

void set_text(plist::dict& d, std::string_view key, const std::string& text) {
    if (!text.empty()) {
        d.set(key, text);
    }
}

struct body_writer {
    plist::dict& d;
    bool user_channel;

    void operator()(const authenticate& m) const {
        d.set(key::topic, m.topic.value());
        set_text(d, key_name::device_name, m.device_name);
        set_text(d, key_name::model_name, m.model_name);
        set_text(d, key_name::model, m.model);
        set_text(d, key_name::os_version, m.os_version);
        set_text(d, key_name::build_version, m.build_version);
        set_text(d, key_name::product_name, m.product_name);
        set_text(d, key_name::serial, m.serial.value());
    }
    void operator()(const token_update& m) const {
        d.set(key::topic, m.topic.value());
        d.set(key::token, m.token.value());
        d.set(key::push_magic, m.magic.value());
        // Schema mdm/checkin/tokenupdate.yaml: the one belongs to the user channel, the other to
        // the device channel.
        if (m.not_on_console) {
            d.set(key::not_on_console, *m.not_on_console);
        }
        if (m.awaiting_configuration && !user_channel) {
            d.set(key_name::awaiting_configuration, true);
        }
    }
    void operator()(const check_out& m) const { d.set(key::topic, m.topic.value()); }
    void operator()(const declarative_management& m) const {
        d.set(key::endpoint, m.endpoint);
        if (m.data) {
            d.set(key::data, *m.data);
        }
    }
    void operator()(const user_authenticate& m) const {
        if (m.digest_response) {
            d.set(key::digest_response, *m.digest_response);
        }
    }
};

} // namespace

result<checkin_message> parse_checkin(bytes_view bytes) {
    auto d = read_body(bytes);
    if (!d) {
        return std::unexpected(std::move(d.error()));
    }
    fields f{*d};
    const auto type = f.text(key::message_type);
    if (auto read = f.outcome(); !read) {
        return std::unexpected(read.error());
    }
    auto from = read_sender(*d);
    checkin_message out;
    if (type == authenticate_name) {
        out.body = read_authenticate(f);
    } else if (type == token_update_name) {
        out.body = read_token_update(f);
    } else if (type == check_out_name) {
        out.body = check_out{topic{f.text(key::topic)}};
    } else if (type == declarative_management_name) {
        out.body = read_declarative_management(f);
    } else if (type == user_authenticate_name) {
        out.body = user_authenticate{f.text_if_any(key::digest_response)};
    } else {
        return fail(errc::unknown_message, {}, type); // MDM-CHK-049
    }
    if (!from) {
        return std::unexpected(std::move(from.error()));
    }
    if (auto read = f.outcome(); !read) {
        return std::unexpected(read.error());
    }
    out.from = std::move(*from);
    return out;
}

bytes write_checkin(const checkin_message& message) {
    plist::dict d{{std::string{key::message_type}, message_type(message)}};
    write_sender(d, message.from);
    std::visit(body_writer{d, message.from.is_user_channel()}, message.body);
    return plist::to_xml(std::move(d));
}

std::string_view message_type(const checkin_message& message) {
    struct namer {
        std::string_view operator()(const authenticate&) const { return authenticate_name; }
        std::string_view operator()(const token_update&) const { return token_update_name; }
        std::string_view operator()(const check_out&) const { return check_out_name; }
        std::string_view operator()(const declarative_management&) const {
            return declarative_management_name;
        }
        std::string_view operator()(const user_authenticate&) const {
            return user_authenticate_name;
        }
    };
    return std::visit(namer{}, message.body);
}

} // namespace pomona::mdm
