// One virtual Mac behind standard input and output, without a world: commands with the
// circumstances they meet, one JSON object a line, and a line of JSON for each answer.
//
// In: {"reset": true, "os": "15.1", "apple_silicon": true, "channel": "device", "rights": 8191,
//      "supervised": true, "ade": false, "user_enrollment": false, "awaiting": false, "advance":
//      60, "command": "<base64>"}
// `reset` begins with a new Mac, `restart` takes it down for half a minute; `advance` lets seconds
// go by first; without `command` nothing is asked. Out: {"report": "<base64>"} or {"report": null}
// when there is none.
#include "mac/command_processor.hpp"
#include "mac/machine/happening.hpp"
#include "pomona/foundation/encoding.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

constexpr std::int64_t all_rights = 8191;

profile::payload mdm_payload() {
    profile::mdm_payload m;
    m.identity_certificate_uuid = "AAAAAAAA-0000-4000-8000-000000000001";
    m.topic = topic{"com.apple.mgmt.External.AAAAAAAA-0000-4000-8000-000000000009"};
    m.server_url = "https://mdm.example/mdm";
    m.access_rights = all_rights;
    profile::payload p;
    p.type = std::string{profile::mdm_type};
    p.identifier = "org.example.enroll.mdm";
    p.uuid = "AAAAAAAA-0000-4000-8000-000000000002";
    p.content = profile::write_mdm(m);
    return p;
}

/// A Mac with two users, of whom one is logged in, and an enrollment profile.
class virtual_mac {
  public:
    virtual_mac(const std::string& os, bool apple_silicon) {
        hw_.kind = *find_persona(apple_silicon ? "macos-15-apple-silicon" : "macos-15-intel");
        hw_.kind.os_version = os;
        hw_.device = udid{"11111111-2222-4333-8444-555555555555"};
        hw_.serial = serial_number{"C02TEST123"};
        hw_.computer_name = "mac-0001";
        hw_.wifi_mac = "A0:78:17:00:00:01";
        hw_.bluetooth_mac = "A0:78:17:00:00:02";
        box_ = machine_state{hw_.kind};
        box_.users.add(
            {.guid = user_.id, .short_name = "alice", .full_name = "Alice", .admin = true});
        box_.users.add({.guid = "22222222-2222-4333-8444-555555555502",
                        .short_name = "bob",
                        .full_name = "Bob"});
        box_.users.set_logged_in("alice", true);
        profile::profile enrollment;
        enrollment.identifier = "org.example.enroll";
        enrollment.uuid = "AAAAAAAA-0000-4000-8000-000000000003";
        enrollment.payloads.push_back(mdm_payload());
        device_.put(std::move(enrollment), origin::user);
    }

    void advance(std::int64_t seconds) {
        const auto until = now_ + std::chrono::seconds{seconds};
        while (const auto due = box_.next_change()) {
            if (*due > until) {
                break;
            }
            now_ = std::max(now_, *due);
            for (const auto& what : box_.advance(now_)) {
                follow(what);
            }
            if (box_.updates.wants_authorisation()) {
                box_.updates.authorise(true, now_);
            }
        }
        now_ = until;
    }
    void restart() { box_.power.restart(now_ + std::chrono::seconds{30}); }

    json run(const json& line) {
        const auto command = from_base64(line.at("command").get<std::string>());
        auto& profiles = profiles_of(line);
        const auto done = process_command(command.value_or(bytes{}), state(line, profiles));
        if (!done) {
            return {{"report", nullptr}};
        }
        if (const auto* what = std::get_if<effect::install>(&done->effect)) {
            profiles.put({.content = what->what, .from = origin::mdm});
        } else if (const auto* gone = std::get_if<effect::remove>(&done->effect)) {
            profiles.erase(gone->identifier);
        }
        auto report = done->answer;
        if (line.value("user_enrollment", false)) { // as the driver names the sender
            report.from.device = {};
            report.from.enrollment = "99999999-2222-4333-8444-555555555555";
        }
        return {{"report", to_base64(mdm::write_report(report))}};
    }

  private:
    /// What the driver does when time has brought something.
    void follow(const happening& what) {
        if (what.started) {
            box_.security.restarted();
            box_.updates.started(now_);
        }
        if (what.down_for) {
            box_.power.restart(now_ + *what.down_for);
        }
    }
    static bool is_user(const json& line) { return line.value("channel", "device") == "user"; }
    profile_store& profiles_of(const json& line) { return is_user(line) ? users_ : device_; }

    device_state state(const json& line, const profile_store& profiles) {
        return {.machine = hw_,
                .profiles = profiles,
                .box = box_,
                .crypto = crypto_,
                .known_profiles = &shelf_,
                .identity = nullptr,
                // Schema com.apple.mdm: they do not count in a user enrollment.
                .access_rights = line.value("user_enrollment", false)
                                     ? all_rights
                                     : line.value("rights", all_rights),
                .token = push_token{bytes(32, 7)},
                .now = now_,
                .supervised = line.value("supervised", true),
                .by_ade = line.value("ade", false),
                .user_enrollment = line.value("user_enrollment", false),
                .awaiting_configuration = line.value("awaiting", false),
                .seed_schema = line.value("seed", false),
                .user = is_user(line) ? &user_ : nullptr,
                .shelf = &apps_,
                .active_users = {user_.id}};
    }

    crypto::context crypto_ = crypto::context::seeded(as_bytes("virtual mac"));
    hardware hw_;
    account user_{
        .id = "22222222-2222-4333-8444-555555555501", .short_name = "alice", .long_name = "Alice"};
    machine_state box_;
    profile_shelf shelf_;
    app_shelf apps_;
    profile_store device_, users_;
    time_point now_ = *from_rfc3339("2026-03-01T12:00:00Z");
};

int answer_lines() {
    std::unique_ptr<virtual_mac> mac;
    for (std::string text; std::getline(std::cin, text);) {
        const auto line = json::parse(text, nullptr, false);
        if (!line.is_object()) {
            std::fprintf(stderr, "no JSON object: %s\n", text.c_str());
            return 2;
        }
        if (!mac || line.value("reset", false)) {
            mac = std::make_unique<virtual_mac>(line.value("os", "15.1"),
                                                line.value("apple_silicon", true));
        }
        if (line.value("restart", false)) {
            mac->restart();
        }
        mac->advance(line.value("advance", std::int64_t{0}));
        const auto out = line.contains("command") ? mac->run(line) : json{{"report", nullptr}};
        std::cout << out.dump() << std::endl; // the other side waits for it
    }
    return 0;
}

} // namespace
} // namespace pomona::sim::mac

int main() {
    return pomona::sim::mac::answer_lines();
}
