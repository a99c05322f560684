// Who signs in, and what the identity provider is told: the verb `idp`, and `sign_in` of `enroll`.
#include "reader.hpp"

#include <algorithm>
#include <array>

namespace pomona::scenario {
namespace {

constexpr std::array expiring{std::string_view{"code"}, std::string_view{"token"},
                              std::string_view{"assertion"}, std::string_view{"given-out"}};
constexpr std::int64_t most_times = 1'000'000;

sim::mac::sign_in read_person(parse_state& state, const yaml::node& n, const std::string& what) {
    reader r{state, n, what};
    sim::mac::sign_in out;
    out.user = r.required_text("user");
    out.password = r.text("password").value_or("");
    out.cancels = r.boolean("cancel").value_or(false);
    out.keeps_cookies = r.boolean("cookies").value_or(true);
    r.finish();
    return out;
}

/// `with`, when it has to be a mapping; null (and a problem) otherwise.
const yaml::node* mapping_of(parse_state& state, reader& r, const yaml::node& verb,
                             const std::string& example) {
    const auto* with = r.take("with");
    if (with == nullptr || with->kind != yaml::kind::mapping) {
        state.report(with == nullptr ? verb.where : with->where,
                     "`idp: " + verb.text + "` needs `with`: a mapping", example);
        return nullptr;
    }
    return with;
}

idp_step read_users_step(parse_state& state, const yaml::node& value, reader& r) {
    idp_step out{.kind = idp_step::what::call, .path = "/idp/users", .body = {}, .person = {}};
    const auto* with = r.take("with");
    if (with == nullptr || with->kind != yaml::kind::sequence || with->items.empty()) {
        state.report(with == nullptr ? value.where : with->where,
                     "`idp: users` needs `with`: a list of users",
                     "for instance with: [{name: ada@example.org, password: secret}]");
        return out;
    }
    for (const auto& item : with->items) {
        reader one{state, item, "a user of the identity provider"};
        one.required_text("name");
        one.required_text("password");
        one.text("email");
        one.text("full_name");
        one.finish();
    }
    out.body = "{\"users\":" + read_json(state, *with).value_or("[]") + '}';
    return out;
}

idp_step read_orders(parse_state& state, const yaml::node& value, reader& r) {
    idp_step out{
        .kind = idp_step::what::call, .path = "/idp/" + value.text, .body = "{}", .person = {}};
    const bool expire = value.text == "expire";
    const auto* with =
        expire ? mapping_of(state, r, value, "with: {what: code, times: 1}") : r.take("with");
    if (with == nullptr) {
        return out;
    }
    reader inside{state, *with, "`with` of `idp: " + value.text + "`"};
    inside.integer("times", 1, most_times);
    if (expire) {
        const auto what = inside.required_text("what");
        if (std::ranges::find(expiring, what) == expiring.end()) {
            state.report(with->where, "`" + what + "` is nothing that expires on request",
                         "it is code, token, assertion or given-out");
        }
    } else {
        inside.text("user");
    }
    inside.finish();
    out.body = read_json(state, *with).value_or("{}");
    return out;
}

} // namespace

std::optional<sim::mac::sign_in> read_sign_in(parse_state& state, reader& r) {
    const auto* n = r.take("sign_in");
    if (n == nullptr) {
        return std::nullopt;
    }
    return read_person(state, *n, "`sign_in`");
}

std::optional<idp_step> read_idp(parse_state& state, const yaml::node& value, reader& r) {
    const auto what = scalar_text(state, value, "idp").value_or("");
    if (what == "users") {
        return read_users_step(state, value, r);
    }
    if (what == "login") {
        const auto* with =
            mapping_of(state, r, value, "with: {user: ada@example.org, password: secret}");
        idp_step out{.kind = idp_step::what::person, .path = {}, .body = {}, .person = {}};
        if (with != nullptr) {
            out.person = read_person(state, *with, "`with` of `idp: login`");
        }
        return out;
    }
    if (what == "deny" || what == "expire") {
        return read_orders(state, value, r);
    }
    if (what == "reset") {
        return idp_step{
            .kind = idp_step::what::call, .path = "/idp/reset", .body = {}, .person = {}};
    }
    state.report(value.where, "`" + what + "` is nothing that an identity provider is told",
                 "it is users, login, deny, expire or reset");
    return std::nullopt;
}

} // namespace pomona::scenario
