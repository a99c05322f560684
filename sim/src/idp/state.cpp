#include "idp/state.hpp"

#include "pomona/foundation/encoding.hpp"

#include <algorithm>

namespace pomona::sim::idp {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t max_log = 1000;
constexpr std::size_t max_denials = 1000;

template <class T>
bool put(std::map<std::string, T, std::less<>>& into, std::string key, T what) {
    if (key.empty() || (into.size() >= state::most_known && !into.contains(key))) {
        return false;
    }
    into.insert_or_assign(std::move(key), std::move(what));
    return true;
}

} // namespace

state::state(net::world& w, service_options o, crypto::certificate signer)
    : world{&w},
      options{std::move(o)},
      key_id{to_base64url(crypto::sha256(options.key.public_key_info())).substr(0, 16)},
      certificate{std::move(signer)} {
    for (auto& one : options.users) {
        add(std::move(one));
    }
    for (auto& one : options.clients) {
        add(std::move(one));
    }
    for (auto& one : options.parties) {
        add(std::move(one));
    }
}

bool state::add(user who) {
    if (who.email.empty() && who.name.find('@') != std::string::npos) {
        who.email = who.name;
    }
    if (who.full_name.empty()) {
        who.full_name = who.name;
    }
    auto key = who.name;
    return put(users, std::move(key), std::move(who));
}

bool state::add(client who) {
    auto key = who.id;
    return put(clients, std::move(key), std::move(who));
}

bool state::add(party who) {
    auto key = who.entity_id;
    return put(parties, std::move(key), std::move(who));
}

const user* state::find_user(std::string_view name) const {
    if (const auto found = users.find(name); found != users.end()) {
        return &found->second;
    }
    const auto by_mail = std::ranges::find_if(users, [&](const auto& item) {
        return !item.second.email.empty() && item.second.email == name;
    });
    return by_mail == users.end() ? nullptr : &by_mail->second;
}

std::string state::draw() {
    return to_base64url(world->random(secret_bytes));
}

void state::note(std::string what, std::string who, std::string where, std::string detail) {
    if (log.size() >= max_log) {
        log.pop_front();
    }
    log.push_back({.at = world->now(),
                   .what = std::move(what),
                   .user = std::move(who),
                   .party = std::move(where),
                   .detail = std::move(detail)});
}

bool state::take_denial(const user& who) {
    if (ordered.denials.size() > max_denials) {
        ordered.denials.resize(max_denials);
    }
    const auto found = std::ranges::find_if(ordered.denials, [&](const orders::denial& d) {
        return d.user.empty() || d.user == who.name || d.user == who.email;
    });
    if (found == ordered.denials.end()) {
        return false;
    }
    if (--found->times == 0) {
        ordered.denials.erase(found);
    }
    return true;
}

std::string subject_of(const user& who) {
    return to_hex(crypto::sha256(as_bytes("pomona subject " + who.name))).substr(0, 32);
}

} // namespace pomona::sim::idp
