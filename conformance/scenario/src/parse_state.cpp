// States and changes of a whole Mac: `set`, a group's `state`, `lifecycle`.
#include "reader.hpp"

#include <algorithm>
#include <array>

namespace pomona::scenario {
namespace {

using what = lifecycle_step::what;

constexpr std::array changes{std::pair{what::clone, std::string_view{"clone"}},
                             std::pair{what::erase, std::string_view{"erase"}},
                             std::pair{what::login, std::string_view{"login"}},
                             std::pair{what::logout, std::string_view{"logout"}},
                             std::pair{what::offline, std::string_view{"offline"}},
                             std::pair{what::online, std::string_view{"online"}},
                             std::pair{what::reboot, std::string_view{"reboot"}},
                             std::pair{what::remove_profile, std::string_view{"remove-profile"}},
                             std::pair{what::renew, std::string_view{"renew"}},
                             std::pair{what::restore, std::string_view{"restore"}},
                             std::pair{what::rotate_token, std::string_view{"rotate-token"}},
                             std::pair{what::upgrade, std::string_view{"upgrade"}}};

std::string list_of(const std::vector<std::string_view>& words) {
    std::string out;
    for (const auto word : words) {
        out += (out.empty() ? "" : ", ") + std::string{word};
    }
    return out;
}

void report_word(parse_state& state, const location& where, const std::string& key,
                 const std::string& text, const std::vector<std::string_view>& words) {
    const auto near = nearest(text, words);
    state.report(where, "`" + key + "` cannot be `" + text + "`",
                 near.empty() ? "it is one of: " + list_of(words) : "did you mean `" + near + "`?");
}

/// One of two words as a flag; nullopt when the key is absent or wrong.
std::optional<bool> read_word(parse_state& state, reader& r, const yaml::node& map, const char* key,
                              const char* yes, const char* no) {
    const auto text = r.text(key);
    if (text && *text != yes && *text != no) {
        report_word(state, map.find(key)->where, key, *text, {yes, no});
        return std::nullopt;
    }
    return text ? std::optional{*text == yes} : std::nullopt;
}

/// A length of time that may be negative: the clock is behind.
std::optional<duration> read_offset(parse_state& state, reader& r) {
    const auto* n = r.take("clock");
    if (n == nullptr) {
        return std::nullopt;
    }
    auto length = *n;
    length.text = scalar_text(state, *n, "clock").value_or("");
    const bool behind = length.text.starts_with('-');
    if (behind || length.text.starts_with('+')) {
        length.text.erase(0, 1);
    }
    if (length.text == "0") {
        return duration{};
    }
    const auto read = read_duration(state, length);
    return read ? std::optional{behind ? -*read : *read} : std::nullopt;
}

std::optional<sim::mac::power_mode> read_power(parse_state& state, reader& r,
                                               const yaml::node& map) {
    const auto nap = r.boolean("power_nap");
    const auto text = r.text("power");
    if (!text) {
        using sim::mac::power_mode;
        return nap ? std::optional{*nap ? power_mode::power_nap : power_mode::awake} : std::nullopt;
    }
    const auto names = sim::mac::settable_power_modes();
    if (nap || std::ranges::find(names, *text) == names.end()) {
        report_word(state, map.find("power")->where, "power", *text, {names.begin(), names.end()});
        return std::nullopt;
    }
    return sim::mac::find_power_mode(*text);
}

/// `as`: the group that the clones make.
std::string read_clone(parse_state& state, const yaml::node& value, reader& r,
                       const std::string& macs, std::vector<mac_group>& groups) {
    const auto as = r.text("as").value_or("");
    const bool taken = std::ranges::find(groups, as, &mac_group::name) != groups.end();
    if (as.empty() || taken) {
        state.report(value.where,
                     taken ? "there is a group `" + as + "` already"
                           : "`lifecycle: clone` needs `as`: a name for the clones",
                     "as: copies");
        return as;
    }
    mac_group clones;
    for (const auto& g : groups) {
        if (macs.empty() || g.name == macs) {
            clones = g; // of several groups the users of the last
        }
    }
    clones.name = as;
    clones.cloned_from = macs;
    groups.push_back(std::move(clones));
    return as;
}

void read_modifiers(parse_state& state, const yaml::node& value, reader& r, const std::string& macs,
                    std::vector<mac_group>& groups, lifecycle_step& out) {
    switch (out.kind) {
    case what::remove_profile:
        out.check_out = r.boolean("checkout").value_or(true);
        break;
    case what::renew:
        if (const auto how = r.text("how")) {
            const auto names = sim::mac::renewal_names();
            const auto known = sim::mac::find_renewal(*how);
            if (!known) {
                report_word(state, value.where, "how", *how, {names.begin(), names.end()});
            }
            out.how = known.value_or(sim::mac::renewal::reinstall);
        }
        out.refused_at = read_outcome(state, r);
        break;
    case what::restore:
        out.refused_at = read_outcome(state, r);
        break;
    case what::upgrade:
        out.version = r.text("to").value_or("");
        out.build = r.text("build").value_or("");
        if (out.version.empty()) {
            state.report(value.where, "`lifecycle: upgrade` needs `to`: a version", "to: \"15.2\"");
        }
        break;
    case what::clone:
        out.as = read_clone(state, value, r, macs, groups);
        break;
    default:
        break;
    }
}

} // namespace

std::string read_outcome(parse_state& state, reader& r) {
    const auto* outcome = r.take("outcome");
    if (outcome == nullptr) {
        return {};
    }
    const auto text = scalar_text(state, *outcome, "outcome").value_or("");
    constexpr std::string_view prefix = "refused at ";
    if (!text.starts_with(prefix)) {
        if (text != "enrolled") {
            state.report(outcome->where, "`outcome` is `enrolled` or `refused at STAGE`");
        }
        return {};
    }
    auto stage = text.substr(prefix.size());
    if (stage != "profile" && stage != "scep" && stage != "Authenticate" &&
        stage != "TokenUpdate") {
        state.report(outcome->where, "`" + stage + "` is no stage of an enrollment",
                     "stages are: profile, scep, Authenticate, TokenUpdate");
    }
    return stage;
}

mac_state read_state(parse_state& state, const yaml::node& value, const std::string& name) {
    mac_state out;
    reader r{state, value, name};
    out.online = r.boolean("online");
    out.network_delay = r.length("network_delay");
    out.power = read_power(state, r, value);
    out.lid_closed = read_word(state, r, value, "lid", "closed", "open");
    out.file_vault = r.boolean("file_vault");
    out.login_blocked = read_word(state, r, value, "login", "blocked", "free");
    out.screen_locked = read_word(state, r, value, "screen", "locked", "unlocked");
    out.keychain_locked = read_word(state, r, value, "keychain", "locked", "unlocked");
    out.clock_offset = read_offset(state, r);
    out.console = r.text("console").value_or("");
    out.trials = read_trials(state, r);
    r.finish();
    return out;
}

lifecycle_step read_lifecycle(parse_state& state, const yaml::node& value, reader& r,
                              const std::string& macs, std::vector<mac_group>& groups) {
    lifecycle_step out;
    const auto text = scalar_text(state, value, "lifecycle").value_or("");
    const auto* found = std::ranges::find(changes, text, [](const auto& c) { return c.second; });
    if (found == changes.end()) {
        std::vector<std::string_view> names;
        for (const auto& [kind, word] : changes) {
            names.push_back(word);
        }
        const auto near = nearest(text, names);
        state.report(value.where, "`" + text + "` is not a lifecycle change of this version",
                     near.empty() ? "this version knows: " + list_of(names)
                                  : "did you mean `" + near + "`?");
        return out;
    }
    out.kind = found->first;
    read_modifiers(state, value, r, macs, groups, out);
    return out;
}

} // namespace pomona::scenario
