// `pomona mac create` and `pomona mac enroll`.
#include "macs.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/source.hpp"
#include "pomona/net/http.hpp"
#include "pomona/protocol/profile/profile.hpp"
#include "target_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>

namespace pomona::cli::macs {
namespace {

constexpr std::uint64_t most_macs = 10'000;
/// How many enroll at once.
constexpr std::size_t at_once = 50;
/// What follows an enrollment (users' channels, first commands) is waited for so long.
constexpr duration afterwards = std::chrono::seconds{60};
constexpr std::size_t max_file_bytes = std::size_t{16} << 20U;

std::expected<bytes, exit_code> read_file(const std::string& name, std::string_view what) {
    std::ifstream in{name, std::ios::binary};
    std::error_code code;
    if (!in || !std::filesystem::is_regular_file(name, code) ||
        std::filesystem::file_size(name, code) > max_file_bytes) {
        complain("cannot read " + std::string{what} + ' ' + name);
        return std::unexpected(exit_code::invalid_input);
    }
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    return to_bytes(text);
}

std::expected<std::string, exit_code> read_pem(const settings& s, const std::string& option) {
    const auto file = s.text(option);
    if (!file) {
        return std::string{};
    }
    auto data = read_file(*file, "the certificate file");
    if (!data) {
        return std::unexpected(data.error());
    }
    if (!crypto::certificate::from_pem(crypto::context::system(), *data)) {
        complain(*file + " holds no PEM certificate",
                 "--" + option + " takes what the server's certificate chains to");
        return std::unexpected(exit_code::invalid_input);
    }
    return std::string{to_text(bytes_view{*data})};
}

std::expected<sim::mac::persona, exit_code> read_persona(const settings& s) {
    const auto name = s.text("persona").value_or("macos-15-apple-silicon");
    if (sim::mac::names_a_file(name)) {
        auto own = sim::mac::load_persona(std::filesystem::path{name});
        if (!own) {
            std::cerr << own.error().render();
            return std::unexpected(exit_code::invalid_input);
        }
        return *std::move(own);
    }
    if (const auto* known = sim::mac::find_persona(name)) {
        return *known;
    }
    const auto names = sim::mac::persona_names();
    const auto near = nearest(name, {names.begin(), names.end()});
    return std::unexpected(usage_error("there is no persona `" + name + "`",
                                       near.empty() ? "`pomona list personas` shows them"
                                                    : "did you mean `" + near + "`?"));
}

/// What new Macs are.
std::expected<std::vector<stack::mac_host::new_mac>, exit_code>
new_macs(const settings& s, const stack::mac_link& link) {
    const auto count = s.number("count", 1, most_macs);
    if (!count) {
        return std::unexpected(count.error());
    }
    auto kind = read_persona(s);
    if (!kind) {
        return std::unexpected(kind.error());
    }
    const auto& names = s.operands();
    if (!names.empty() && count->value_or(1) != 1) {
        return std::unexpected(usage_error("--count and names do not go together"));
    }
    std::vector<stack::mac_host::new_mac> out(
        names.empty() ? count->value_or(1) : names.size(),
        {.name = {}, .kind = *kind, .users = s.texts("user"), .link = link});
    for (std::size_t i = 0; i < names.size(); ++i) {
        out[i].name = names[i];
    }
    return out;
}

std::vector<option> persona_options() {
    return {{"count", 0, "N", "How many new Macs, named mac-0001 and on", "1", false},
            {"persona", 0, "NAME|FILE", "What they are: `pomona list personas`, or a file",
             "macos-15-apple-silicon", false},
            {"user", 0, "NAME", "A user that MDM manages; the first is logged in", "", true}};
}

std::vector<option> enroll_options() {
    auto out = persona_options();
    out.insert(
        out.end(),
        {{"profile", 0, "FILE", "The enrollment profile", "", false},
         {"url", 0, "URL", "Where the enrollment profile is fetched", "", false},
         {"target", 't', "FILE", "A target file: enroll_url, trust and push service of it", "",
          false},
         {"ca", 0, "FILE", "PEM: what the server's certificate chains to", "", false},
         {"apns", 0, "HOST:PORT",
          "Push service to listen to, as `pomona serve` emulates it; without it Macs are "
          "poked",
          "", false},
         {"apns-ca", 0, "FILE", "PEM: what the push service's certificate chains to", "", false}});
    return out;
}

exit_code create_macs(const settings& s) {
    auto wanted = new_macs(s, {});
    if (!wanted) {
        return wanted.error();
    }
    auto w = work::open(s);
    if (!w) {
        return w.error();
    }
    const auto made = (*w)->host().create(std::move(*wanted));
    if (!made) {
        if (made.error().code == stack::errc::in_use) {
            return usage_error(made.error().detail, "another name, or none");
        }
        return store_trouble(made.error());
    }
    auto all = nlohmann::ordered_json::array();
    for (const auto* m : *made) {
        const auto& hw = m->machine();
        all.push_back({{"name", m->who().value()},
                       {"persona", hw.kind.name},
                       {"udid", hw.device.value()},
                       {"serial", hw.serial.value()}});
        if (!s.flag("json")) {
            std::cout << fmt::format("{}: {}, UDID {}, serial {}\n", m->who().value(), hw.kind.name,
                                     hw.device.value(), hw.serial.value());
        }
    }
    if (s.flag("json")) {
        std::cout << all.dump(2) << '\n';
    }
    return exit_code::ok;
}

/// Where to enroll, and with what.
struct plan {
    stack::mac_link link;
    std::optional<bytes> profile;
};

std::expected<plan, exit_code> read_target_plan(const std::string& file) {
    auto target = read_target(file);
    if (!target) {
        std::cerr << target.error();
        return std::unexpected(exit_code::invalid_input);
    }
    const auto& t = target->value;
    return plan{.link = {.enroll_url = t.enroll_url,
                         .trust = t.trust,
                         .push_host = t.apns.host,
                         .push_port = t.apns.port,
                         .push_trust = t.apns.trust},
                .profile = std::nullopt};
}

std::expected<void, exit_code> read_push(const settings& s, plan& into) {
    const auto where = s.text("apns");
    auto ca = read_pem(s, "apns-ca");
    if (!ca) {
        return std::unexpected(ca.error());
    }
    if (!ca->empty()) {
        into.link.push_trust = *std::move(ca);
    }
    if (!where) {
        return {};
    }
    const auto url = net::parse_url("https://" + *where + '/');
    if (!url || where->find(':') == std::string::npos) {
        return std::unexpected(usage_error("--apns takes HOST:PORT, not `" + *where + "`"));
    }
    into.link.push_host = url->server.host;
    into.link.push_port = url->server.port;
    return {};
}

std::expected<plan, exit_code> read_plan(const settings& s) {
    const auto target = s.text("target");
    const auto url = s.text("url");
    const auto file = s.text("profile");
    if (!target && !url && !file) {
        return std::unexpected(usage_error("enroll where?", "--profile FILE, --url URL, or -t "
                                                            "target.yaml of `pomona serve`"));
    }
    if (url && file) {
        return std::unexpected(usage_error("--url and --profile do not go together"));
    }
    auto out = target ? read_target_plan(*target) : std::expected<plan, exit_code>{plan{}};
    if (!out) {
        return out;
    }
    if (url) {
        if (!net::parse_url(*url)) {
            return std::unexpected(usage_error("`" + *url + "` is not an http or https URL"));
        }
        out->link.enroll_url = *url;
    }
    if (file) {
        auto data = read_file(*file, "the profile");
        if (!data) {
            return std::unexpected(data.error());
        }
        const auto read = profile::parse(crypto::context::system(), *data);
        if (!read || read->of_type(profile::mdm_type).empty()) {
            complain(
                *file + ": " +
                    (read ? "the profile has no com.apple.mdm payload" : read.error().message()),
                "an enrollment profile is needed");
            return std::unexpected(exit_code::invalid_input);
        }
        out->link.enroll_url.clear();
        out->profile = std::move(*data);
    }
    auto ca = read_pem(s, "ca");
    if (!ca) {
        return std::unexpected(ca.error());
    }
    if (!ca->empty()) {
        out->link.trust = *std::move(ca);
    }
    if (const auto push = read_push(s, *out); !push) {
        return std::unexpected(push.error());
    }
    return out;
}

struct attempt {
    sim::mac::mac* mac;
    std::optional<sim::mac::enroll_failure> failed;
    bool tried = false;
};

net::task<void> enroll_some(const plan* what, std::vector<attempt>* all, std::size_t* next) {
    while (*next < all->size()) {
        auto& one = (*all)[(*next)++];
        auto done = what->profile ? co_await one.mac->install(*what->profile)
                                  : co_await one.mac->enroll(what->link.enroll_url);
        one.tried = true;
        if (!done) {
            one.failed = std::move(done.error());
        }
    }
}

net::task<void> enroll_all(net::world* w, const plan* what, std::vector<attempt>* all) {
    std::size_t next = 0;
    net::task_group some{*w};
    for (std::size_t i = 0; i < std::min(at_once, all->size()); ++i) {
        some.spawn("enroll", enroll_some(what, all, &next));
    }
    co_await some.all_done(net::never);
    std::vector<sim::mac::mac*> macs;
    for (const auto& one : *all) {
        macs.push_back(one.mac);
    }
    co_await work::settle(w, std::move(macs), afterwards);
}

/// Macs that are named and there, or new ones.
std::expected<std::vector<attempt>, exit_code> gather(work& w, const settings& s,
                                                      const plan& what) {
    std::vector<attempt> out;
    const auto known = w.host().names();
    std::vector<std::string> fresh;
    for (const auto& name : s.operands()) {
        if (std::ranges::find(known, name) == known.end()) {
            fresh.push_back(name);
            continue;
        }
        const auto m = w.load(name);
        if (!m) {
            return std::unexpected(m.error());
        }
        if ((*m)->now_in() != sim::mac::phase::unenrolled) {
            return std::unexpected(
                usage_error(name + " is enrolled already",
                            "`pomona mac leave " + name + "` first, or `pomona mac erase`"));
        }
        const auto moved = w.host().relink(name, what.link);
        if (!moved) {
            return std::unexpected(store_trouble(moved.error()));
        }
        out.push_back({*moved, std::nullopt});
    }
    if (!s.operands().empty() && fresh.empty()) {
        return out;
    }
    auto wanted = new_macs(s, what.link);
    if (!wanted) {
        return std::unexpected(wanted.error());
    }
    std::erase_if(*wanted, [&](const auto& m) {
        return !m.name.empty() && std::ranges::find(fresh, m.name) == fresh.end();
    });
    const auto made = w.host().create(std::move(*wanted));
    if (!made) {
        return std::unexpected(store_trouble(made.error()));
    }
    for (auto* m : *made) {
        out.push_back({m, std::nullopt});
    }
    return out;
}

exit_code report(const std::vector<attempt>& all, bool as_json) {
    auto code = exit_code::ok;
    auto out = nlohmann::ordered_json::array();
    for (const auto& one : all) {
        const auto& name = one.mac->who().value();
        const auto state = standing_of(*one.mac);
        const auto why = one.failed  ? one.failed->at + ": " + one.failed->reason
                         : one.tried ? std::string{}
                                     : std::string{"not tried"};
        if (!why.empty()) {
            code = scenario::worse(code, one.failed && one.failed->transport
                                             ? exit_code::unusable_target
                                             : exit_code::failed);
        }
        out.push_back({{"name", name},
                       {"udid", one.mac->machine().device.value()},
                       {"serial", one.mac->machine().serial.value()},
                       {"state", to_text(one.mac->now_in())},
                       {"failed", why}});
        if (!as_json && why.empty()) {
            std::cout << fmt::format("{}: {}\n", name, state);
        } else if (!why.empty()) {
            complain(name + ": not enrolled, " + why);
        }
    }
    if (as_json) {
        std::cout << out.dump(2) << '\n';
    }
    return code;
}

exit_code enroll_macs(const settings& s) {
    const auto what = read_plan(s);
    if (!what) {
        return what.error();
    }
    auto w = work::open(s);
    if (!w) {
        return w.error();
    }
    auto all = gather(**w, s, *what);
    if (!all) {
        return all.error();
    }
    const auto ended = (*w)->run(enroll_all(&(*w)->host().world(), &*what, &*all), exit_code::ok);
    return scenario::worse(report(*all, s.flag("json")), ended);
}

} // namespace

std::vector<verb> enroll_verbs() {
    return {{"create", "[NAME…]", "Makes Macs without enrolling them",
             "create --persona macos-26-intel --count 3", persona_options, create_macs},
            {"enroll", "[NAME…]",
             "Enrolls new Macs (--count), or those that are named; made where there are none",
             "enroll --profile enroll.mobileconfig --count 10", enroll_options, enroll_macs}};
}

} // namespace pomona::cli::macs
