// `abm` and `apns`.
#include "pomona/foundation/encoding.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::scenario {
namespace {

using json = nlohmann::ordered_json;
using what = abm_step::what;

std::string serial_of(const step_context& c, std::size_t mac) {
    return c.env.fleet.at(mac).machine().serial.value();
}

json serials_of(const step_context& c, const std::vector<std::size_t>& macs) {
    json out = json::array();
    for (const auto mac : macs) {
        out.push_back(serial_of(c, mac));
    }
    return out;
}

/// One call of the portal for all Macs together.
net::task<result<void>> call(step_context& c, std::string method, std::string path,
                             std::string body) {
    auto done = co_await c.env.apple->portal(std::move(method), std::move(path), std::move(body));
    co_return done ? result<void>{} : std::unexpected(done.error());
}

net::task<result<void>> add_devices(step_context& c, const abm_step& a,
                                    std::vector<std::size_t> macs) {
    auto server = co_await c.env.apple->server_id(a.server.value_or(""));
    if (!server) {
        co_return std::unexpected(server.error());
    }
    json devices = json::array();
    for (const auto mac : macs) {
        const auto& hw = c.env.fleet.at(mac).machine();
        devices.push_back(
            {{"serial", hw.serial.value()}, {"server", *server}, {"product_type", hw.kind.model}});
    }
    co_return co_await call(c, "POST", "/portal/devices", json{{"devices", devices}}.dump());
}

/// A call of the portal about one device.
net::task<result<void>> change_device(step_context& c, const abm_step& a, std::size_t mac) {
    const auto path = "/portal/devices/" + percent_encode(serial_of(c, mac));
    if (a.kind == what::remove) {
        co_return co_await call(c, "DELETE", path, {});
    }
    if (a.kind == what::throttle) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(a.length).count();
        co_return co_await call(c, "PATCH", path, json{{"throttled_seconds", seconds}}.dump());
    }
    auto server = std::string{};
    if (!a.server.value_or("").empty()) {
        auto id = co_await c.env.apple->server_id(*a.server);
        if (!id) {
            co_return std::unexpected(id.error());
        }
        server = *std::move(id);
    }
    co_return co_await call(c, "POST", path + "/assign", json{{"server", server}}.dump());
}

/// What is asked of the device-enrollment service: method, path, body.
struct question {
    std::string method, path, body;
};
question question_of(const step_context& c, const abm_step& a,
                     const std::vector<std::size_t>& macs) {
    auto serials = serials_of(c, macs);
    if (a.kind == what::unassign) {
        return {"DELETE", "/profile/devices", json{{"devices", std::move(serials)}}.dump()};
    }
    if (a.kind == what::disown) {
        return {"POST", "/devices/disown", json{{"devices", std::move(serials)}}.dump()};
    }
    auto profile = json::parse(a.body);
    if (!profile.contains("profile_name")) {
        profile["profile_name"] = "Pomona scenario, line " + std::to_string(c.current->line);
    }
    if (!profile.contains("url")) {
        profile["url"] = c.env.ade_url;
    }
    if (a.pin) {
        profile["anchor_certs"] = json::array();
        for (const auto& root : c.env.server_roots) {
            profile["anchor_certs"].push_back(to_base64(root));
        }
    }
    return {"POST", "/profile", profile.dump()};
}

/// Defines the profile, then assigns it.
net::task<result<targets::dep_answer>> assign_profile(step_context& c, question define,
                                                      std::string serials) {
    auto defined = co_await c.env.apple->dep(std::move(define.method), std::move(define.path),
                                             std::move(define.body));
    if (!defined || !defined->good()) {
        co_return defined;
    }
    const auto said = json::parse(defined->body, nullptr, false);
    if (!said.is_object() || !said.contains("profile_uuid")) {
        co_return fail(targets::errc::malformed, "POST /profile: no profile_uuid");
    }
    co_return co_await c.env.apple->dep("POST", "/profile/devices",
                                        "{\"profile_uuid\":" + said["profile_uuid"].dump() +
                                            ",\"devices\":" + serials + '}');
}

/// Who held: each Mac whose serial number was answered as expected.
void settle_devices(step_context& c, const std::vector<std::size_t>& macs,
                    const targets::dep_answer& said, const std::string& expected) {
    const auto body = json::parse(said.body, nullptr, false);
    const bool has_devices =
        body.is_object() && body.contains("devices") && body["devices"].is_object();
    for (const auto mac : macs) {
        const auto serial = serial_of(c, mac);
        const auto& devices = has_devices ? body["devices"] : body;
        const auto found = has_devices ? devices.find(serial) : devices.end();
        const auto status = has_devices && found != devices.end() && found->is_string()
                                ? found->get<std::string>()
                                : std::string{"no answer about it"};
        if (status == (expected.empty() ? "SUCCESS" : expected)) {
            c.held();
        } else {
            c.add_failure(
                {c.name_of(mac), "Apple Business Manager says " + escape(status), {}, {}});
        }
    }
}

net::task<void> speak_as_server(step_context& c, const abm_step& a, std::vector<std::size_t> macs) {
    result<targets::dep_answer> said;
    if (a.kind == what::sync) {
        said = co_await c.env.apple->synchronise();
    } else {
        auto q = question_of(c, a, macs);
        said = a.kind == what::assign
                   ? co_await assign_profile(c, std::move(q), serials_of(c, macs).dump())
                   : co_await c.env.apple->dep(std::move(q.method), std::move(q.path),
                                               std::move(q.body));
    }
    if (!said) {
        c.current->reason = said.error().message();
    } else if (!said->good()) {
        if (!a.says.empty() && said->body.find(a.says) != std::string::npos) {
            c.held(macs.size());
        } else {
            c.current->reason = "Apple Business Manager says " + said->describe();
        }
    } else if (a.kind == what::sync) {
        if (a.says.empty()) {
            c.held(macs.size());
        } else {
            c.current->reason = "Apple Business Manager gave the list, not " + a.says;
        }
    } else {
        settle_devices(c, macs, *said, a.says);
    }
}

net::task<void> change_devices(step_context& c, const abm_step& a, std::vector<std::size_t> macs) {
    for (const auto mac : macs) {
        if (const auto done = co_await change_device(c, a, mac); done) {
            c.held();
        } else {
            c.add_failure({c.name_of(mac), done.error().message(), {}, {}});
        }
    }
}

net::task<result<void>> work_portal(step_context& c, const abm_step& a,
                                    std::vector<std::size_t> macs) {
    switch (a.kind) {
    case what::add:
        co_return co_await add_devices(c, a, std::move(macs));
    case what::terms:
        co_return co_await call(c, "POST", "/portal/terms", json{{"accepted", a.accepted}}.dump());
    case what::age_cursors:
        co_return co_await call(c, "POST", "/portal/cursors/age", {});
    case what::end_sessions:
        co_return co_await call(c, "POST", "/portal/sessions/end", {});
    case what::rules:
        co_return co_await call(c, "POST", "/portal/rules", a.body);
    default:
        co_return co_await call(c, "POST", "/portal/faults", a.body);
    }
}

/// False: said why.
bool can_work(step_context& c, bool abm) {
    if (c.env.apple != nullptr && (!abm || c.env.apple->has_abm())) {
        return true;
    }
    c.current->reason = abm ? "the target has no emulated Apple Business Manager: abm_url and "
                              "portal_url of its target file"
                            : "the target's push service is not worked by us: portal_url of its "
                              "target file";
    return false;
}

} // namespace

net::task<void> carry_out(step_context& c, const abm_step& a, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    if (!can_work(c, true)) {
        co_return;
    }
    switch (a.kind) {
    case what::move:
    case what::remove:
    case what::throttle:
        co_await change_devices(c, a, std::move(macs));
        break;
    case what::sync:
    case what::assign:
    case what::unassign:
    case what::disown:
        co_await speak_as_server(c, a, std::move(macs));
        break;
    default: {
        const auto count = macs.size();
        c.settle_all(co_await work_portal(c, a, std::move(macs)), count);
    }
    }
}

net::task<void> carry_out(step_context& c, const apns_step& a, std::vector<std::size_t> macs) {
    c.begin_action(macs);
    if (!can_work(c, false)) {
        co_return;
    }
    if (a.kind == apns_step::what::rules) {
        c.settle_all(co_await call(c, "POST", "/push/rules", a.body), macs.size());
        co_return;
    }
    for (const auto mac : macs) {
        const json body{{"token", to_hex(c.env.fleet.at(mac).token().value())},
                        {"reason", a.reason}};
        if (const auto done = co_await call(c, "POST", "/push/tokens/end", body.dump()); done) {
            c.held();
        } else {
            c.add_failure({c.name_of(mac), done.error().message(), {}, {}});
        }
    }
}

} // namespace pomona::scenario
