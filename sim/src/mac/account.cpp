#include "pomona/sim/mac/account.hpp"

#include "pomona/net/world.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <algorithm>

namespace pomona::sim::mac {

std::string_view to_text(account_kind k) {
    switch (k) {
    case account_kind::managed:
        return "managed";
    case account_kind::network:
        return "network";
    case account_kind::local:
        return "local";
    }
    return "";
}

std::vector<std::string> account_kind_names() {
    return {"managed", "network", "local"};
}

std::optional<account_kind> find_account_kind(std::string_view text) {
    for (const auto k : {account_kind::managed, account_kind::network, account_kind::local}) {
        if (to_text(k) == text) {
            return k;
        }
    }
    return std::nullopt;
}

account draw_account(net::world& world, account_order what, const persona* kind) {
    account out;
    out.id = world.random_uuid();
    std::ranges::transform(out.id, out.id.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (kind != nullptr && !kind->constant_user_id.empty()) {
        out.id = kind->constant_user_id;
    }
    out.kind = what.kind;
    out.password = std::move(what.password);
    out.long_name = what.short_name;
    if (out.long_name.front() >= 'a' && out.long_name.front() <= 'z') {
        out.long_name.front() = static_cast<char>(out.long_name.front() - 'a' + 'A');
    }
    out.short_name = std::move(what.short_name);
    return out;
}

plist::dict account::save() const {
    return {{"id", id},
            {"short_name", short_name},
            {"long_name", long_name},
            {"kind", to_text(kind)},
            {"password", password}};
}

result<account> account::load(const plist::dict& saved) {
    account out;
    for (const auto& [key, into] : {std::pair{"id", &out.id},
                                    {"short_name", &out.short_name},
                                    {"long_name", &out.long_name},
                                    {"password", &out.password}}) {
        if (const auto* text = saved.string(key)) {
            *into = *text;
        }
    }
    const auto* kind_name = saved.string("kind");
    const auto known = kind_name != nullptr ? find_account_kind(*kind_name) : std::nullopt;
    if (out.id.empty() || out.short_name.empty() || !known) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    "a saved account lacks its id, its short name or its kind");
    }
    out.kind = *known;
    return out;
}

} // namespace pomona::sim::mac
