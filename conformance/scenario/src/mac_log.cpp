#include "mac_log.hpp"

namespace pomona::scenario {

void mac_log::pump() {
    const auto& events = recorder_->events();
    for (; next_ < events.size(); ++next_) {
        const auto& e = events[next_];
        // Macs at rest open nothing: a server that died together with its push service shows at
        // their link.
        refused_ = refused_ || (e.kind == trace::kind::failure && e.failure == "refused");
        if (!e.actor.starts_with("mac-")) {
            continue;
        }
        by_mac_[e.actor].push_back(&e);
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
        return e.kind == trace::kind::response && e.channel == "enroll" && e.status == 200;
    case message::what::push:
        return e.kind == trace::kind::state && e.name == "push-received";
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
