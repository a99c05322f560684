// The verbs `abm` and `apns`: what happens at Apple's services.
#include "reader.hpp"

#include <algorithm>
#include <array>

namespace pomona::scenario {
namespace {

template <class What, std::size_t N>
using word_list = std::array<std::pair<std::string_view, What>, N>;

using abm_what = abm_step::what;
constexpr word_list<abm_what, 13> abm_words{{{"add", abm_what::add},
                                             {"move", abm_what::move},
                                             {"remove", abm_what::remove},
                                             {"sync", abm_what::sync},
                                             {"assign", abm_what::assign},
                                             {"unassign", abm_what::unassign},
                                             {"disown", abm_what::disown},
                                             {"terms", abm_what::terms},
                                             {"throttle", abm_what::throttle},
                                             {"age-cursors", abm_what::age_cursors},
                                             {"end-sessions", abm_what::end_sessions},
                                             {"rules", abm_what::rules},
                                             {"disturb", abm_what::disturb}}};
using apns_what = apns_step::what;
constexpr word_list<apns_what, 2> apns_words{
    {{"unregister", apns_what::unregister}, {"rules", apns_what::rules}}};

template <class What, std::size_t N>
std::optional<What> find_word(parse_state& state, const yaml::node& value, const char* verb,
                              const word_list<What, N>& words) {
    const auto text = scalar_text(state, value, verb).value_or("");
    std::vector<std::string_view> names;
    std::string listed;
    for (const auto& [name, what] : words) {
        if (name == text) {
            return what;
        }
        names.push_back(name);
        listed += (listed.empty() ? "it is one of: " : ", ") + std::string{name};
    }
    const auto near = nearest(text, names);
    state.report(value.where, "`" + std::string{verb} + "` cannot be `" + text + "`",
                 near.empty() ? listed : "did you mean `" + near + "`?");
    return std::nullopt;
}

/// `with`: a mapping, as JSON.
std::string read_with(parse_state& state, const yaml::node& value, reader& r, bool needed,
                      const char* example) {
    const auto* with = r.take("with");
    if (with == nullptr ? needed : with->kind != yaml::kind::mapping) {
        state.report(with == nullptr ? value.where : with->where, "`with` has to be a mapping here",
                     example);
        return "{}";
    }
    return with == nullptr ? "{}" : read_json(state, *with).value_or("{}");
}

bool is_spoken_by_a_server(abm_what k) {
    return k == abm_what::sync || k == abm_what::assign || k == abm_what::unassign ||
           k == abm_what::disown;
}

} // namespace

std::optional<abm_step> read_abm(parse_state& state, const yaml::node& value, reader& r) {
    const auto kind = find_word(state, value, "abm", abm_words);
    if (!kind) {
        return std::nullopt;
    }
    abm_step out{.kind = *kind};
    switch (*kind) {
    case abm_what::add:
        out.server = r.text("to");
        break;
    case abm_what::move:
        out.server = r.text("to");
        if (!out.server) {
            state.report(value.where, "`abm: move` needs `to`: to which MDM server",
                         "to: \"\" unassigns the device");
        }
        break;
    case abm_what::assign:
        out.body = read_with(state, value, r, false, "with: {await_device_configured: true}");
        out.pin = r.boolean("pin").value_or(false);
        break;
    case abm_what::terms:
        out.accepted = r.boolean("accepted").value_or(true);
        break;
    case abm_what::throttle:
        out.length = r.length("for").value_or(std::chrono::hours{24});
        break;
    case abm_what::rules:
        out.body = read_with(state, value, r, true, "with: {max_page: 10}");
        break;
    case abm_what::disturb:
        out.body =
            read_with(state, value, r, true, "with: {fault: expired-cursor, path: /devices/sync}");
        break;
    default:
        break;
    }
    if (is_spoken_by_a_server(*kind)) {
        out.says = r.text("says").value_or("");
    }
    return out;
}

std::optional<apns_step> read_apns(parse_state& state, const yaml::node& value, reader& r) {
    const auto kind = find_word(state, value, "apns", apns_words);
    if (!kind) {
        return std::nullopt;
    }
    apns_step out{.kind = *kind};
    if (*kind == apns_what::unregister) {
        out.reason = r.text("reason").value_or("Unregistered");
        if (out.reason != "Unregistered" && out.reason != "ExpiredToken") {
            state.report(value.where, "`reason` cannot be `" + out.reason + "`",
                         "Apple's push service says 410 with Unregistered or ExpiredToken");
        }
    } else {
        out.body = read_with(state, value, r, true, "with: {silent_drop: true}");
    }
    return out;
}

bool scenario::uses_abm() const {
    return std::ranges::find(needs, "abm") != needs.end() ||
           std::ranges::any_of(
               steps, [](const step& s) { return std::holds_alternative<abm_step>(s.verb); });
}

bool scenario::works_apple() const {
    return uses_abm() || std::ranges::any_of(steps, [](const step& s) {
               return std::holds_alternative<apns_step>(s.verb);
           });
}

bool scenario::watches_apple() const {
    return works_apple() || std::ranges::any_of(steps, [](const step& s) {
               const auto* e = std::get_if<expect_step>(&s.verb);
               return e != nullptr && is_of_apple(e->what);
           });
}

} // namespace pomona::scenario
