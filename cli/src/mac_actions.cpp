// What somebody does to a Mac by hand, as a verb of `pomona mac` and as a word of its shell.
#include "macs.hpp"
#include "pomona/foundation/source.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>

namespace pomona::cli::macs {
namespace {

using sim::mac::mac;
using task = net::task<action_result>;

/// What a session may take, with the server's slow answers.
constexpr duration session_time = std::chrono::minutes{5};
constexpr std::size_t max_profile_bytes = std::size_t{16} << 20U;

std::unexpected<failure> refused(exit_code code, std::string what, std::string how = {}) {
    return std::unexpected(failure{code, std::move(what), std::move(how)});
}
std::unexpected<failure> misused(std::string what, std::string how = {}) {
    return refused(exit_code::usage, std::move(what), std::move(how));
}

/// Options of an action stand among its words: "--pin 123456".
std::optional<std::string> take_option(arguments& args, std::string_view name) {
    const auto at = std::ranges::find(args, name);
    if (at == args.end() || std::next(at) == args.end()) {
        return std::nullopt;
    }
    auto out = *std::next(at);
    args.erase(at, at + 2);
    return out;
}

action_result no_user(const mac& m, const std::string& name) {
    const auto names = m.user_names();
    const auto near = nearest(name, {names.begin(), names.end()});
    std::string all;
    for (const auto& one : names) {
        all += (all.empty() ? "" : ", ") + one;
    }
    return misused(m.who().value() + " has no user `" + name + "`",
                   !near.empty() ? "did you mean `" + near + "`?"
                   : all.empty() ? "Macs get users with --user when they are made"
                                 : "its users: " + all);
}

/// What it answered since event `from`: "DeviceInformation Acknowledged".
std::vector<std::string> answers_of(stack::mac_host& host, const mac& m, std::size_t from) {
    std::vector<std::string> out;
    const auto& events = host.recorder().events();
    for (std::size_t i = from; i < events.size(); ++i) {
        const auto& e = events[i];
        if (e.kind == trace::kind::request && e.at == trace::end::client && e.channel == "mdm" &&
            e.actor == m.who().value() && e.summary.text("Status") != "Idle") {
            out.push_back(
                fmt::format("{} {}", e.summary.text("RequestType"), e.summary.text("Status")));
        }
    }
    return out;
}

/// Why its last session ended, if not because the server had no more.
std::string trouble_of(stack::mac_host& host, const mac& m, std::size_t from) {
    std::string out;
    const auto& events = host.recorder().events();
    for (std::size_t i = from; i < events.size(); ++i) {
        if (events[i].actor == m.who().value() && events[i].name == "session-ended") {
            const auto reason = events[i].summary.text("reason");
            out = reason == "no more commands" ? std::string{} : std::string{reason};
        }
    }
    return out;
}

task poke(stack::mac_host* host, mac* m, arguments) {
    const auto from = host->recorder().events().size();
    if (!m->poke()) {
        co_return refused(exit_code::failed, m->who().value() + " is not enrolled",
                          "`pomona mac enroll " + m->who().value() + "`");
    }
    if (const auto c = m->current(); !c.online || !sim::mac::runs(c.power)) {
        co_return refused(exit_code::failed,
                          m->who().value() + " has no network now: it will "
                                             "connect once it has",
                          "`pomona mac network " + m->who().value() + " on`, or `power … awake`");
    }
    if (!co_await work::settle(&host->world(), {m}, session_time)) {
        co_return refused(exit_code::failed, m->who().value() + ": the session does not end");
    }
    if (const auto why = trouble_of(*host, *m, from); !why.empty()) {
        co_return refused(exit_code::failed, m->who().value() + ": " + why,
                          "is the server running? `pomona mac show " + m->who().value() + "`");
    }
    const auto answers = answers_of(*host, *m, from);
    std::string text = answers.empty() ? "no command" : "";
    for (const auto& one : answers) {
        text += (text.empty() ? "" : ", ") + one;
    }
    co_return text;
}

task log_in(stack::mac_host*, mac* m, arguments args) {
    if (args.size() != 1) {
        co_return misused("which user logs in?", "a short name");
    }
    if (!m->log_in(args[0])) {
        co_return no_user(*m, args[0]);
    }
    co_return standing_of(*m);
}

task log_out(stack::mac_host*, mac* m, arguments args) {
    if (args.size() != 1) {
        co_return misused("which user logs out?", "a short name");
    }
    if (!m->log_out(args[0])) {
        co_return no_user(*m, args[0]);
    }
    co_return standing_of(*m);
}

task lock(stack::mac_host*, mac* m, arguments args) {
    if (args.empty()) {
        auto c = m->current();
        c.screen_locked = true;
        m->set(c);
        co_return "the screen is locked";
    }
    if (!m->lock_keychain(args[0], true)) {
        co_return no_user(*m, args[0]);
    }
    co_return "the keychain of " + args[0] + " is locked";
}

task unlock(stack::mac_host*, mac* m, arguments args) {
    if (const auto pin = take_option(args, "--pin")) {
        if (!m->unlock(*pin)) {
            co_return refused(exit_code::failed,
                              m->who().value() + " asks for no PIN, or for another");
        }
        co_return "unlocked with the PIN";
    }
    if (args.empty()) {
        auto c = m->current();
        c.screen_locked = false;
        m->set(c);
        co_return "the screen is unlocked";
    }
    if (!m->lock_keychain(args[0], false)) {
        co_return no_user(*m, args[0]);
    }
    co_return "the keychain of " + args[0] + " is unlocked";
}

task restart(stack::mac_host*, mac* m, arguments) {
    m->restart();
    co_return "restarting";
}

task erase(stack::mac_host*, mac* m, arguments) {
    m->erase();
    co_return "erased; the server hears nothing of it";
}

task leave(stack::mac_host*, mac* m, arguments) {
    if (m->now_in() == sim::mac::phase::unenrolled) {
        co_return refused(exit_code::failed, m->who().value() + " is not enrolled");
    }
    co_await m->remove_enrollment_profile();
    co_return "the enrollment profile is removed";
}

task set_network(stack::mac_host*, mac* m, arguments args) {
    if (args.size() != 1 || (args[0] != "on" && args[0] != "off")) {
        co_return misused("`network` is on or off");
    }
    auto c = m->current();
    c.online = args[0] == "on";
    m->set(c);
    co_return "the network is " + args[0];
}

task set_power(stack::mac_host*, mac* m, arguments args) {
    const auto modes = sim::mac::settable_power_modes();
    const auto mode = args.size() == 1 ? sim::mac::find_power_mode(args[0])
                                       : std::optional<sim::mac::power_mode>{};
    if (!mode || std::ranges::find(modes, args[0]) == modes.end()) {
        std::string all;
        for (const auto& one : modes) {
            all += (all.empty() ? "" : ", ") + one;
        }
        co_return misused("`power` is one of: " + all);
    }
    auto c = m->current();
    c.power = *mode;
    m->set(c);
    co_return std::string{to_text(m->current().power)};
}

task install(stack::mac_host*, mac* m, arguments args) {
    if (args.size() != 1) {
        co_return misused("which profile?", "a .mobileconfig file");
    }
    std::ifstream in{args[0], std::ios::binary};
    std::error_code code;
    if (!in || !std::filesystem::is_regular_file(args[0], code) ||
        std::filesystem::file_size(args[0], code) > max_profile_bytes) {
        co_return refused(exit_code::invalid_input, "cannot read the profile " + args[0]);
    }
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto done = co_await m->install_by_hand(to_bytes(text));
    if (!done) {
        const auto& why = done.error();
        co_return refused(why.transport ? exit_code::unusable_target : exit_code::failed,
                          m->who().value() + ": " + why.at + ": " + why.reason);
    }
    co_return "installed";
}

/// Codes of Apple's older protocol reference: a Mac's usual ones.
mdm::error_chain_item error_of(arguments& args) {
    mdm::error_chain_item out{.code = 12021,
                              .domain = "MCMDMErrorDomain",
                              .localized_description = "Asked for by `pomona mac answer`.",
                              .us_english_description = {}};
    if (const auto code = take_option(args, "--code")) {
        std::from_chars(code->data(), code->data() + code->size(), out.code);
    }
    if (auto domain = take_option(args, "--domain")) {
        out.domain = *std::move(domain);
    }
    if (auto text = take_option(args, "--text")) {
        out.localized_description = *std::move(text);
    }
    out.us_english_description = out.localized_description;
    return out;
}

task answer(stack::mac_host*, mac* m, arguments args) {
    const auto word = take_option(args, "--status").value_or("NotNow");
    const auto status = mdm::parse_status(word);
    if (!status || *status == mdm::command_status::idle) {
        co_return misused("`" + word + "` is no status of a command",
                          "Acknowledged, NotNow, Error or CommandFormatError");
    }
    sim::mac::scripted_answer how{.request_type = {}, .status = *status};
    if (const auto times = take_option(args, "--times")) {
        const auto* end = times->data() + times->size();
        const auto read = std::from_chars(times->data(), end, how.times);
        if (read.ec != std::errc{} || read.ptr != end || how.times < 1) {
            co_return misused("--times takes a number from 1 on, not `" + *times + "`");
        }
    }
    auto why = error_of(args);
    if (*status == mdm::command_status::error ||
        *status == mdm::command_status::command_format_error) {
        how.why = std::move(why);
    }
    if (args.size() > 1) {
        co_return misused("`answer` takes one RequestType, or none for any command");
    }
    how.request_type = args.empty() ? "" : args[0];
    const auto of = how.request_type.empty() ? std::string{"command"} : how.request_type;
    const auto times = how.times;
    m->answer_with(std::move(how));
    co_return fmt::format("the next {}{} will be answered {}",
                          times == 1 ? "" : std::to_string(times) + ' ', of, word);
}

constexpr std::array all_actions{
    action{"poke", "", "Makes it connect to its server, as after a push", poke},
    action{"login", "USER", "Logs a user in, to the screen", log_in},
    action{"logout", "USER", "Logs a user out; the user's channel rests", log_out},
    action{"lock", "[USER]", "Locks a user's keychain, or the screen", lock},
    action{"unlock", "[USER]", "Unlocks a user's keychain, the screen, or a DeviceLock (--pin)",
           unlock},
    action{"install", "FILE", "Installs a profile as its user would by hand", install},
    action{"answer", "[REQUESTTYPE]", "Answers the next command so, without carrying it out",
           answer},
    action{"network", "on|off", "Connects it to the network, or takes it off", set_network},
    action{"power", "MODE", "Wakes it, puts it to sleep, switches it off", set_power},
    action{"restart", "", "Restarts it", restart},
    action{"leave", "", "Removes the enrollment profile, as its user would", leave},
    action{"erase", "", "Erases it: out of the box again", erase}};

/// Options of the command line, handed on as an action's words.
constexpr std::array handed_on{"pin", "status", "times", "code", "domain", "text"};

/// "lock NAME [USER]": the Mac first; with --all there is none.
exit_code run_action(const action& what, const settings& s) {
    auto w = work::open(s);
    if (!w) {
        return w.error();
    }
    const bool all = s.flag("all");
    arguments names = all ? (*w)->host().names() : arguments{};
    arguments args{s.operands().begin(), s.operands().end()};
    if (!all && what.operands.empty()) {
        names = std::exchange(args, {}); // any number of names
    } else if (!all && !args.empty()) {
        names = {args.front()};
        args.erase(args.begin());
    }
    if (names.empty()) {
        return all ? exit_code::ok
                   : usage_error("which Mac?", "a name of `pomona mac list`, or --all");
    }
    for (const auto* option : handed_on) {
        if (const auto value = s.text(option)) {
            args.insert(args.end(), {"--" + std::string{option}, *value});
        }
    }
    std::vector<mac*> macs;
    for (const auto& name : names) {
        const auto m = (*w)->load(name);
        if (!m) {
            return m.error();
        }
        macs.push_back(*m);
    }
    std::vector<std::optional<action_result>> results(macs.size());
    struct runner {
        static net::task<void> one(stack::mac_host* host, const action* what, mac* m,
                                   arguments args, std::optional<action_result>* into) {
            m->resume();
            co_await work::settle(&host->world(), {m}, session_time);
            *into = co_await what->run(host, m, std::move(args));
            // What it set going belongs to it.
            co_await work::settle(&host->world(), {m}, session_time);
        }
        static net::task<void> all(stack::mac_host* host, const action* what,
                                   std::vector<mac*> macs, arguments args,
                                   std::vector<std::optional<action_result>>* into) {
            net::task_group group{host->world()};
            for (std::size_t i = 0; i < macs.size(); ++i) {
                group.spawn("action", one(host, what, macs[i], args, &(*into)[i]));
            }
            co_await group.all_done(net::never);
        }
    };
    const auto ended =
        (*w)->run(runner::all(&(*w)->host(), &what, macs, args, &results), exit_code::ok);
    auto code = ended;
    auto out = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < macs.size(); ++i) {
        const auto& r = results[i];
        const auto& name = names[i];
        out.push_back({{"name", name},
                       {"result", r && *r ? **r : std::string{}},
                       {"failed", !r   ? "interrupted"
                                  : *r ? ""
                                       : r->error().what}});
        if (r && !*r) {
            complain(r->error().what, r->error().how);
            code = scenario::worse(code, r->error().code);
        } else if (r && !s.flag("json")) {
            std::cout << name << ": " << **r << '\n';
        }
    }
    if (s.flag("json")) {
        std::cout << out.dump(2) << '\n';
    }
    return code;
}

template <std::size_t I>
exit_code run_numbered(const settings& s) {
    return run_action(all_actions[I], s);
}

std::vector<option> plain_options() {
    return {{"all", 0, "", "All Macs of the store", "", false}};
}
std::vector<option> unlock_options() {
    auto out = plain_options();
    out.push_back({"pin", 0, "PIN", "The PIN of a DeviceLock", "", false});
    return out;
}
std::vector<option> answer_options() {
    auto out = plain_options();
    out.insert(out.end(), {{"status", 0, "STATUS",
                            "Acknowledged, NotNow, Error or CommandFormatError", "NotNow", false},
                           {"times", 0, "N", "How often", "1", false},
                           {"code", 0, "N", "ErrorCode of an Error", "", false},
                           {"domain", 0, "TEXT", "ErrorDomain of an Error", "", false},
                           {"text", 0, "TEXT", "LocalizedDescription of an Error", "", false}});
    return out;
}

std::string_view example_of(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 12> examples{
        {{"poke", "poke --all"},
         {"login", "login mac-0001 alice"},
         {"logout", "logout mac-0001 alice"},
         {"lock", "lock mac-0001 alice"},
         {"unlock", "unlock mac-0001 --pin 123456"},
         {"install", "install mac-0001 wifi.mobileconfig"},
         {"answer", "answer mac-0001 InstallProfile --status NotNow --times 2"},
         {"network", "network mac-0001 off"},
         {"power", "power mac-0001 power_nap"},
         {"restart", "restart mac-0001"},
         {"leave", "leave mac-0001"},
         {"erase", "erase mac-0001"}}};
    const auto* found =
        std::ranges::find(examples, name, &std::pair<std::string_view, std::string_view>::first);
    return found == examples.end() ? std::string_view{} : found->second;
}

template <std::size_t... I>
std::vector<verb> make_verbs(std::index_sequence<I...>) {
    std::vector<verb> out;
    (out.push_back({all_actions[I].name,
                    all_actions[I].operands.empty()
                        ? std::string{"NAME…"}
                        : "NAME " + std::string{all_actions[I].operands},
                    all_actions[I].summary, example_of(all_actions[I].name),
                    all_actions[I].name == "unlock"   ? unlock_options
                    : all_actions[I].name == "answer" ? answer_options
                                                      : plain_options,
                    run_numbered<I>}),
     ...);
    return out;
}

} // namespace

std::span<const action> actions() {
    return all_actions;
}

std::vector<verb> action_verbs() {
    return make_verbs(std::make_index_sequence<all_actions.size()>{});
}

} // namespace pomona::cli::macs
