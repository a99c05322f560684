// Users of Macs, network users of servers, what a CA decides, and how a group's Macs behave on the
// wire.
#include "reader.hpp"

#include <algorithm>

namespace pomona::scenario {
namespace {

constexpr std::size_t most_users = 20;

bool is_short_name(std::string_view text) {
    return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

std::string listed(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names) {
        out += (out.empty() ? "" : ", ") + name;
    }
    return out;
}

/// The word under `key`, by one of the tables of the simulator.
template <class T>
void take_word(parse_state& state, reader& r, const yaml::node& map, std::string_view key,
               std::optional<T> (*find)(std::string_view), std::vector<std::string> (*names)(),
               T& into) {
    const auto text = r.text(key);
    if (!text) {
        return;
    }
    if (const auto known = find(*text)) {
        into = *known;
        return;
    }
    const auto all = names();
    const auto near = nearest(*text, {all.begin(), all.end()});
    state.report(map.find(key)->where, "`" + std::string{key} + "` cannot be `" + *text + "`",
                 near.empty() ? "it is one of: " + listed(all) : "did you mean `" + near + "`?");
}

/// A short name, or {name, kind, password}.
std::optional<sim::mac::account_order> read_user(parse_state& state, const yaml::node& item) {
    sim::mac::account_order out;
    if (item.kind == yaml::kind::mapping) {
        reader r{state, item, "a user"};
        out.short_name = r.required_text("name");
        take_word(state, r, item, "kind", sim::mac::find_account_kind, sim::mac::account_kind_names,
                  out.kind);
        out.password = r.text("password").value_or("");
        r.finish();
    } else {
        out.short_name = scalar_text(state, item, "users").value_or("");
    }
    if (!is_short_name(out.short_name)) {
        state.report(item.where, "`" + out.short_name + "` cannot be a user's short name",
                     "1 to 32 of a-z, 0-9, _ and -");
        return std::nullopt;
    }
    return out;
}

void read_identity(parse_state& state, const yaml::node& n, sim::mac::manner& out) {
    reader r{state, n, "`identity`"};
    take_word(state, r, n, "present", sim::mac::find_presentation, sim::mac::presentation_names,
              out.present);
    const auto* name = r.take("header");
    if (name != nullptr) {
        out.certificate_header = scalar_text(state, *name, "header").value_or("");
        const bool is_token = !out.certificate_header.empty() &&
                              std::ranges::all_of(out.certificate_header, [](unsigned char c) {
                                  return (std::isalnum(c) != 0) || c == '-' || c == '_';
                              });
        if (!is_token) {
            state.report(name->where, "`header` is the name of an HTTP header", "Client-Cert");
        }
    }
    const auto* form = n.find("form");
    take_word(state, r, n, "form", sim::mac::find_certificate_header_form,
              sim::mac::certificate_header_form_names, out.header_form);
    if ((name != nullptr || form != nullptr) && out.present != sim::mac::presentation::header) {
        state.report((name != nullptr ? name : form)->where,
                     "`header` and `form` belong to `present: header`");
    }
    r.finish();
}

} // namespace

std::vector<sim::mac::account_order> read_users(parse_state& state, reader& r,
                                                const yaml::node& group) {
    std::vector<sim::mac::account_order> out;
    const auto* n = r.take("users");
    if (n == nullptr) {
        return out;
    }
    if (n->kind != yaml::kind::sequence || n->items.empty() || n->items.size() > most_users) {
        state.report(n->where, "`users` needs a list of 1 to 20 short names",
                     "for instance users: [alice, bob]");
        return out;
    }
    (void)group;
    for (const auto& item : n->items) {
        auto one = read_user(state, item);
        if (!one) {
            continue;
        }
        if (std::ranges::find(out, one->short_name, &sim::mac::account_order::short_name) !=
            out.end()) {
            state.report(item.where, "the user `" + one->short_name + "` is there twice");
        }
        out.push_back(std::move(*one));
    }
    return out;
}

sim::mac::manner read_manner(parse_state& state, reader& r, const yaml::node& group) {
    sim::mac::manner out;
    if (const auto* n = r.take("identity")) {
        read_identity(state, *n, out);
    }
    take_word(state, r, group, "retry", sim::mac::find_retry_manner, sim::mac::retry_manner_names,
              out.retry);
    if (const auto* n = r.take("scep")) {
        reader inside{state, *n, "`scep`"};
        take_word(state, inside, *n, "dialect", sim::mac::find_scep_dialect,
                  sim::mac::scep_dialect_names, out.scep);
        inside.finish();
    }
    if (const auto* n = r.take("machine_info")) {
        reader inside{state, *n, "`machine_info`"};
        take_word(state, inside, *n, "chain", sim::mac::find_device_chain,
                  sim::mac::device_chain_names, out.device_chain);
        take_word(state, inside, *n, "digest", sim::mac::find_device_digest,
                  sim::mac::device_digest_names, out.device_digest);
        inside.finish();
    }
    return out;
}

users_step read_server_users(parse_state& state, const yaml::node& value, reader& r) {
    users_step out;
    const auto* with = r.take("with");
    if (with == nullptr || with->kind != yaml::kind::sequence || with->items.empty()) {
        state.report(with == nullptr ? value.where : with->where,
                     "`server: users` needs `with`: a list of network users",
                     "for instance with: [{name: carol, password: secret}]");
        return out;
    }
    for (const auto& item : with->items) {
        reader one{state, item, "a network user"};
        auto name = one.required_text("name");
        out.users.push_back({std::move(name), one.text("password").value_or("")});
        one.finish();
    }
    return out;
}

std::optional<ca_step> read_ca(parse_state& state, const yaml::node& value) {
    const auto what = scalar_text(state, value, "ca").value_or("");
    using enum ca_step::what;
    constexpr std::pair<std::string_view, ca_step::what> all[] = {
        {"manual", manual}, {"automatic", automatic}, {"approve", approve}, {"deny", deny}};
    for (const auto& [name, kind] : all) {
        if (name == what) {
            return ca_step{kind};
        }
    }
    state.report(value.where, "`" + what + "` is nothing that a CA does in this version",
                 "it is manual, automatic, approve or deny");
    return std::nullopt;
}

} // namespace pomona::scenario
