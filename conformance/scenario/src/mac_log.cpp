#include "mac_log.hpp"

#include <algorithm>

namespace pomona::scenario {

void mac_log::pump() {
    const auto& events = recorder_->events();
    for (; next_ < events.size(); ++next_) {
        const auto& e = events[next_];
        // Macs at rest open nothing: a server that died together with its push service shows at
        // their link.
        refused_ = refused_ || (e.kind == trace::kind::failure && e.failure == "refused");
        if (!e.actor.starts_with("mac-")) {
            if (!serials_.empty()) {
                note_apple(e);
            }
            continue;
        }
        by_mac_[e.actor].push_back(&e);
        if (!serials_.empty() && !e.summary.text("Token").empty()) {
            tokens_[std::string{e.summary.text("Token")}] = e.actor;
        }
        if (e.kind == trace::kind::request) {
            open_requests_[e.exchange] = &e;
        } else if (e.kind == trace::kind::response && e.channel == "mdm") {
            const auto uuid = e.summary.text("CommandUUID");
            if (!uuid.empty()) {
                command_types_[std::string{uuid}] = e.summary.text("RequestType");
            }
        }
    }
}

void mac_log::add(const std::string& mac, const trace::event& e) {
    by_mac_[mac].push_back(&e);
    if (e.kind == trace::kind::request) {
        open_requests_[e.exchange] = &e;
        apple_[e.exchange].push_back(mac);
    }
}

/// At the service's end. A request to Apple Business Manager is each Mac's that it names; one that
/// names none (a page of the list) is everybody's.
void mac_log::note_apple(const trace::event& e) {
    const bool is_abm = e.actor == "abm" && e.channel == "abm";
    const bool is_apns = e.actor == "apns" && e.channel == "apns";
    if (!is_abm && !is_apns) {
        return;
    }
    if (e.kind == trace::kind::response) {
        const auto asked = apple_.find(e.exchange);
        if (asked != apple_.end()) {
            for (const auto& mac : asked->second) {
                add(mac, e);
            }
            apple_.erase(asked);
        }
    } else if (e.kind == trace::kind::request && is_apns) {
        const auto owner = tokens_.find(std::string{e.summary.text("Token")});
        if (owner != tokens_.end()) {
            add(owner->second, e);
        }
    } else if (e.kind == trace::kind::request) {
        const auto body = e.body ? recorder_->body(*e.body).value_or(bytes{}) : bytes{};
        const auto text = as_text(body);
        const bool names_devices = text.find("\"devices\"") != std::string_view::npos;
        for (const auto& [mac, serial] : serials_) {
            if (!names_devices || text.find('"' + serial + '"') != std::string_view::npos) {
                add(mac, e);
            }
        }
    }
}

const std::vector<const trace::event*>& mac_log::of(const std::string& mac) {
    return by_mac_[mac];
}

std::string_view mac_log::request_type(std::string_view command_uuid) const {
    const auto found = command_types_.find(command_uuid);
    return found == command_types_.end() ? std::string_view{} : std::string_view{found->second};
}

const trace::event* mac_log::request_of(const trace::event& answer) const {
    const auto found = open_requests_.find(answer.exchange);
    return found == open_requests_.end() ? nullptr : found->second;
}

bool mac_log::take_refusal() {
    return std::exchange(refused_, false);
}

namespace {

bool is_report(const message& m, std::string_view name, const trace::event& e, const mac_log& log) {
    if (e.kind != trace::kind::request || e.channel != "mdm" ||
        e.summary.text("Status") != m.status) {
        return false;
    }
    if (name.empty()) {
        return true;
    }
    auto type = log.request_type(e.summary.text("CommandUUID"));
    if (type.empty()) {
        type = e.summary.text("RequestType");
    }
    return type == name;
}

bool is_checkin(const message& m, const trace::event& e) {
    if (e.kind != trace::kind::request || e.channel != "checkin" ||
        e.summary.text("MessageType") != m.name) {
        return false;
    }
    const auto endpoint = e.summary.text("Endpoint");
    return m.status.empty() || endpoint == m.status || endpoint.starts_with(m.status + '/');
}

/// Which request of the device-enrollment service it is, in the words of `expect`.
bool is_abm(std::string_view name, const trace::event& e) {
    if (e.kind != trace::kind::request || e.channel != "abm" || e.actor != "abm") {
        return false;
    }
    struct call {
        std::string_view name, method, path;
    };
    static constexpr call calls[] = {{"session", "GET", "/session"},
                                     {"account", "GET", "/account"},
                                     {"fetch", "POST", "/server/devices"},
                                     {"sync", "POST", "/devices/sync"},
                                     {"details", "POST", "/devices"},
                                     {"define profile", "POST", "/profile"},
                                     {"assign profile", "POST", "/profile/devices"},
                                     {"assign profile", "PUT", "/profile/devices"},
                                     {"remove profile", "DELETE", "/profile/devices"},
                                     {"disown", "POST", "/devices/disown"}};
    const auto path = std::string_view{e.target}.substr(0, e.target.find('?'));
    return std::ranges::any_of(calls, [&](const call& one) {
        return one.name == name && one.method == e.method && one.path == path;
    });
}

bool is_command(std::string_view name, const trace::event& e) {
    if (e.kind != trace::kind::response || e.channel != "mdm" ||
        e.summary.text("CommandUUID").empty()) {
        return false;
    }
    return name.empty() || e.summary.text("RequestType") == name ||
           e.summary.text("CommandUUID") == name;
}

} // namespace

bool is_message(const message& m, std::string_view name, const trace::event& e,
                const mac_log& log) {
    switch (m.kind) {
    case message::what::checkin:
        return is_checkin(m, e);
    case message::what::report:
        return is_report(m, name, e, log);
    case message::what::command:
        return is_command(name, e);
    case message::what::response_to: {
        const auto* request = e.kind == trace::kind::response ? log.request_of(e) : nullptr;
        return request != nullptr && is_message(m.of.front(), m.of.front().name, *request, log);
    }
    case message::what::scep:
        return e.kind == trace::kind::request && e.channel == "scep" &&
               e.summary.text("operation") == name;
    case message::what::profile:
        // A sign-in has pages of its own on the way to the profile.
        return e.kind == trace::kind::response && e.channel == "enroll" && e.status == 200 &&
               net::media_type(e.headers) != "text/html";
    case message::what::push:
        return e.kind == trace::kind::state && e.name == "push-received";
    case message::what::push_request:
        return e.kind == trace::kind::request && e.channel == "apns" && e.actor == "apns";
    case message::what::activation:
        return e.kind == trace::kind::request && e.channel == "activation";
    case message::what::abm:
        return is_abm(name, e);
    case message::what::login:
        return e.kind == trace::kind::state && e.name == "idp-login";
    case message::what::state:
        return e.kind == trace::kind::state && e.name == name;
    }
    return false;
}

std::string describe(const trace::event& e) {
    std::string out;
    if (e.kind == trace::kind::state) {
        out = "state " + e.name;
    } else if (e.kind == trace::kind::failure) {
        out = "a failed exchange (" + e.failure + (e.detail.empty() ? "" : ", " + e.detail) + ')';
    } else if (e.kind == trace::kind::response) {
        const auto type = e.summary.text("RequestType");
        out = "HTTP " + std::to_string(e.status) +
              (type.empty() ? "" : " with command " + std::string{type});
    } else {
        for (const auto* key : {"MessageType", "RequestType", "operation", "Endpoint", "Status"}) {
            const auto text = e.summary.text(key);
            if (!text.empty()) {
                out += (out.empty() ? "" : " ") + std::string{text};
            }
        }
        if (out.empty()) {
            out = e.method + ' ' + e.target;
        }
    }
    return out + " (#" + std::to_string(e.number) + ')';
}

} // namespace pomona::scenario
