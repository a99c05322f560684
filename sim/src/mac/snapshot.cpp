#include "mac/snapshot.hpp"

#include "mac/ddm/client.hpp"
#include "mac/enrollment.hpp"
#include "mac/enrollment_plan.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

std::unexpected<error> damaged(std::string what) {
    return fail(plist::errc::missing_key, "snapshot of a Mac: " + std::move(what));
}

std::string text_or(const plist::dict& d, std::string_view key) {
    const auto* text = d.string(key);
    return text == nullptr ? std::string{} : *text;
}
bool flag_of(const plist::dict& d, std::string_view key, bool fallback = false) {
    const auto* flag = d.boolean(key);
    return flag == nullptr ? fallback : *flag;
}

plist::dict save_account(const account& a) {
    return {{"ID", a.id},
            {"ShortName", a.short_name},
            {"LongName", a.long_name},
            {"Kind", to_text(a.kind)},
            {"Password", a.password}};
}

account load_account(const plist::dict& d) {
    return {.id = text_or(d, "ID"),
            .short_name = text_or(d, "ShortName"),
            .long_name = text_or(d, "LongName"),
            .kind = find_account_kind(text_or(d, "Kind")).value_or(account_kind::managed),
            .password = text_or(d, "Password")};
}

plist::dict save_hardware(const hardware& h) {
    return {{"Persona", save(h.kind)},
            {"UDID", h.device.value()},
            {"SerialNumber", h.serial.value()},
            {"ComputerName", h.computer_name},
            {"WiFiMAC", h.wifi_mac},
            {"BluetoothMAC", h.bluetooth_mac},
            {"EthernetMAC", h.ethernet_mac}};
}

result<hardware> load_hardware(const plist::dict& d) {
    const auto* kind = d.dictionary("Persona");
    if (kind == nullptr) {
        return damaged("Persona");
    }
    auto read = load_persona(*kind);
    if (!read) {
        return std::unexpected{std::move(read.error())};
    }
    hardware out;
    out.kind = *std::move(read);
    out.device = udid{text_or(d, "UDID")};
    out.serial = serial_number{text_or(d, "SerialNumber")};
    out.computer_name = text_or(d, "ComputerName");
    out.wifi_mac = text_or(d, "WiFiMAC");
    out.bluetooth_mac = text_or(d, "BluetoothMAC");
    out.ethernet_mac = text_or(d, "EthernetMAC");
    if (out.device.empty()) {
        return damaged("UDID");
    }
    return out;
}

/// Only what is due is kept of a session: a Mac that ends in the middle of one begins it anew.
plist::dict save_channel(const channel& c) {
    plist::dict out{{"Open", c.open},
                    {"Token", c.push.token.value()},
                    {"PushMagic", c.push.magic.value()},
                    {"LoggedIn", c.logged_in},
                    {"KeychainLocked", c.keychain_locked},
                    {"PollDue", c.poll_due},
                    {"SessionDue", c.in_session || c.wake_cause.has_value()},
                    {"Deleted", c.deleted},
                    {"Admitted", static_cast<std::int64_t>(c.admitted)},
                    {"AuthToken", c.auth_token},
                    {"Profiles", c.profiles.save()}};
    if (c.user) {
        out.set("User", save_account(*c.user));
    }
    if (auto held = save_declarations(c); !held.empty()) {
        out.set("Declarations", std::move(held));
    }
    if (c.sync_due) {
        plist::dict owed;
        if (c.sync_due->tokens) {
            owed.set("Data", *c.sync_due->tokens);
        }
        out.set("SynchronisationDue", std::move(owed));
    }
    return out;
}

result<void> restore_channel(channel& c, const plist::dict& d) {
    c.open = flag_of(d, "Open");
    if (const auto* token = d.data("Token")) {
        c.push.token = push_token{*token};
    }
    c.push.magic = push_magic{text_or(d, "PushMagic")};
    c.logged_in = flag_of(d, "LoggedIn");
    c.keychain_locked = flag_of(d, "KeychainLocked");
    c.poll_due = flag_of(d, "PollDue");
    c.deleted = flag_of(d, "Deleted");
    c.auth_token = text_or(d, "AuthToken");
    if (const auto* n = d.integer("Admitted"); n != nullptr && *n >= 0 && *n <= 2) {
        c.admitted = static_cast<admission>(*n);
    }
    if (flag_of(d, "SessionDue")) {
        c.wake_cause = 0;
    }
    if (const auto* owed = d.dictionary("SynchronisationDue")) {
        const auto* tokens = owed->data("Data");
        c.sync_due = channel::owed_sync{tokens != nullptr ? std::optional{*tokens} : std::nullopt};
        c.wake_cause = 0; // at the end of a session
    }
    if (const auto* list = d.list("Profiles")) {
        auto read = profile_store::load(*list, c.mac->world().crypto(), *c.mac->env->profiles);
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        c.profiles = *std::move(read);
    }
    if (const auto* held = d.dictionary("Declarations")) {
        return load_declarations(c, *held);
    }
    return {};
}

std::int64_t milliseconds(duration d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
duration duration_of(const plist::dict& d, std::string_view key) {
    const auto* n = d.integer(key);
    return n == nullptr ? duration{} : std::chrono::milliseconds{*n};
}

/// How it runs is the machine's: saved with it.
plist::dict save_condition(const condition& c) {
    return {{"Online", c.online},
            {"LoginBlocked", c.login_blocked},
            {"ScreenLocked", c.screen_locked},
            {"NetworkDelay", milliseconds(c.network_delay)},
            {"ClockOffset", milliseconds(c.clock_offset)}};
}
void restore_condition(condition& c, const plist::dict& d) {
    c.online = flag_of(d, "Online", true);
    c.login_blocked = flag_of(d, "LoginBlocked");
    c.screen_locked = flag_of(d, "ScreenLocked");
    c.network_delay = duration_of(d, "NetworkDelay");
    c.clock_offset = duration_of(d, "ClockOffset");
}

plist::dict save_setup(const setup_assistant& s) {
    return {{"Running", s.running}, {"Awaiting", s.awaiting}, {"Stalled", s.stalled}};
}
setup_assistant load_setup(const plist::dict& d) {
    return {.running = flag_of(d, "Running"),
            .awaiting = flag_of(d, "Awaiting"),
            .stalled = flag_of(d, "Stalled")};
}

plist::dict save_scripted(const scripted_answer& a) {
    plist::dict out{
        {"RequestType", a.request_type}, {"Status", mdm::to_text(a.status)}, {"Times", a.times}};
    if (a.why) {
        out.set("Code", a.why->code);
        out.set("Domain", a.why->domain);
        out.set("Text", a.why->localized_description);
    }
    return out;
}

std::optional<scripted_answer> load_scripted(const plist::value& item) {
    const auto* d = item.get<plist::dict>();
    const auto status = d == nullptr ? std::nullopt : mdm::parse_status(text_or(*d, "Status"));
    if (!status) {
        return std::nullopt;
    }
    scripted_answer out{.request_type = text_or(*d, "RequestType"), .status = *status};
    if (const auto* times = d->integer("Times")) {
        out.times = *times;
    }
    if (const auto* code = d->integer("Code")) {
        const auto text = text_or(*d, "Text");
        out.why = mdm::error_chain_item{.code = *code,
                                        .domain = text_or(*d, "Domain"),
                                        .localized_description = text,
                                        .us_english_description = text};
    }
    return out;
}

plist::dict save_enrollment(const enrollment& e) {
    plist::array chain;
    for (const auto& cert : e.identity->chain) {
        chain.emplace_back(cert.der());
    }
    return {{"PayloadIdentifier", e.profile_identifier},
            {"Certificate", e.identity->cert.der()},
            {"Chain", std::move(chain)},
            {"Key", e.identity->key.to_der()},
            {"Automated", e.by_ade},
            {"Removable", e.removable},
            {"EnrollmentID", e.enrollment_id},
            {"Bearer", e.bearer}};
}

/// The settings are read again from the profile that is installed.
result<enrollment> load_enrollment(const core& c, const plist::dict& d) {
    const auto& ctx = c.world().crypto();
    const auto* installed = c.device.profiles.enrollment();
    const auto* der = d.data("Certificate");
    if (installed == nullptr || der == nullptr) {
        return damaged("Enrollment");
    }
    auto plan = plan_enrollment(ctx, profile::write(*installed->content), c.hw);
    auto cert = crypto::certificate::from_der(ctx, *der);
    if (!plan || !cert) {
        return std::unexpected{plan ? cert.error() : plan.error()};
    }
    auto key = c.key; // unless the profile brought the identity along
    if (const auto* saved = d.data("Key"); saved != nullptr && *saved != c.key.to_der()) {
        auto other = crypto::private_key::from_der(ctx, *saved);
        if (!other) {
            return std::unexpected{std::move(other.error())};
        }
        key = *std::move(other);
    }
    crypto::identity own{.cert = *std::move(cert), .key = std::move(key), .chain = {}};
    if (const auto* chain = d.list("Chain")) {
        for (const auto& item : *chain) {
            const auto* one = item.get<bytes>();
            auto read =
                one == nullptr ? damaged("Chain") : crypto::certificate::from_der(ctx, *one);
            if (!read) {
                return std::unexpected{std::move(read.error())};
            }
            own.chain.push_back(*std::move(read));
        }
    }
    enrollment out{.profile_identifier = text_or(d, "PayloadIdentifier"),
                   .payload = plan->mdm,
                   .identity = std::make_shared<const crypto::identity>(std::move(own)),
                   .trust = trust_with(*c.env, plan->anchors),
                   .by_ade = flag_of(d, "Automated"),
                   .removable = flag_of(d, "Removable", true),
                   .announced = c.box.updates.installed(),
                   .enrollment_id = text_or(d, "EnrollmentID"),
                   .bearer = text_or(d, "Bearer")};
    pin(out, *plan, *c.env);
    return out;
}

result<void> check_version(const plist::dict& snapshot) {
    const auto* version = snapshot.integer("Version");
    if (version == nullptr) {
        return damaged("Version");
    }
    if (*version != mac::snapshot_version) {
        return fail(plist::errc::unsupported_type,
                    "snapshot of a Mac: version " + std::to_string(*version) +
                        ", this Pomona reads " + std::to_string(mac::snapshot_version));
    }
    return {};
}

} // namespace

plist::dict save(const core& c) {
    plist::array users;
    for (const auto& u : c.users) {
        users.emplace_back(save_channel(*u));
    }
    plist::array scripted;
    for (const auto& a : c.scripted) {
        scripted.emplace_back(save_scripted(a));
    }
    plist::dict out{{"Version", mac::snapshot_version}, {"Name", c.who.value()},
                    {"Hardware", save_hardware(c.hw)},  {"Key", c.key.to_der()},
                    {"Phase", to_text(c.now_in)},       {"Condition", save_condition(c.state)},
                    {"Machine", c.box.save()},          {"Setup", save_setup(c.setup)},
                    {"Device", save_channel(c.device)}, {"Users", std::move(users)},
                    {"Scripted", std::move(scripted)}};
    if (c.console != nullptr) {
        out.set("Console", c.console->user->short_name);
    }
    // Before the identity was accepted there is nothing to go on from.
    if (c.current && (c.now_in == phase::authenticated || c.now_in == phase::enrolled)) {
        out.set("Enrollment", save_enrollment(*c.current));
    }
    return out;
}

result<saved_machine> load_machine(const plist::dict& snapshot, const crypto::context& ctx) {
    if (auto good = check_version(snapshot); !good) {
        return std::unexpected{std::move(good.error())};
    }
    const auto* hw = snapshot.dictionary("Hardware");
    const auto* der = snapshot.data("Key");
    if (hw == nullptr || der == nullptr) {
        return damaged("Hardware, Key");
    }
    auto machine = load_hardware(*hw);
    auto key = crypto::private_key::from_der(ctx, *der);
    if (!machine || !key) {
        return std::unexpected{machine ? key.error() : machine.error()};
    }
    saved_machine out{.who = actor{text_or(snapshot, "Name")},
                      .hw = *std::move(machine),
                      .key = *std::move(key),
                      .users = {}};
    if (const auto* users = snapshot.list("Users")) {
        for (const auto& item : *users) {
            const auto* d = item.get<plist::dict>();
            const auto* user = d == nullptr ? nullptr : d->dictionary("User");
            if (user == nullptr) {
                return damaged("Users");
            }
            out.users.push_back(load_account(*user));
        }
    }
    return out;
}

result<void> restore(core& c, const plist::dict& snapshot) {
    if (const auto* box = snapshot.dictionary("Machine")) {
        auto read = machine_state::load(*box);
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        c.box = *std::move(read);
    }
    if (const auto* condition = snapshot.dictionary("Condition")) {
        restore_condition(c.state, *condition);
    }
    if (const auto* setup = snapshot.dictionary("Setup")) {
        c.setup = load_setup(*setup);
    }
    if (const auto* device = snapshot.dictionary("Device")) {
        if (auto good = restore_channel(c.device, *device); !good) {
            return good;
        }
    }
    const auto* users = snapshot.list("Users");
    for (std::size_t i = 0; users != nullptr && i < users->size() && i < c.users.size(); ++i) {
        const auto* d = (*users)[i].get<plist::dict>();
        if (auto good =
                d == nullptr ? result<void>{damaged("Users")} : restore_channel(*c.users[i], *d);
            !good) {
            return good;
        }
    }
    c.console = c.find_user(text_or(snapshot, "Console"));
    if (const auto* scripted = snapshot.list("Scripted")) {
        for (const auto& item : *scripted) {
            if (auto read = load_scripted(item)) {
                c.scripted.push_back(*std::move(read));
            }
        }
    }
    const auto* e = snapshot.dictionary("Enrollment");
    if (e == nullptr) {
        return {};
    }
    auto read = load_enrollment(c, *e);
    if (!read) {
        return std::unexpected{std::move(read.error())};
    }
    c.current = *std::move(read);
    c.now_in = text_or(snapshot, "Phase") == to_text(phase::enrolled) ? phase::enrolled
                                                                      : phase::authenticated;
    return {};
}

} // namespace pomona::sim::mac
