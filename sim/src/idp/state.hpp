// What the identity provider knows: who may sign in and where to, what it has given out, what
// somebody ordered, and what happened.
#pragma once

#include "pomona/foundation/form.hpp"
#include "pomona/sim/idp/service.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pomona::sim::idp {

inline constexpr duration login_lifetime = std::chrono::minutes{10};
/// RFC 6749 section 4.1.2: ten minutes at most; a short one shows clients that dawdle.
inline constexpr duration code_lifetime = std::chrono::minutes{1};
inline constexpr duration token_lifetime = std::chrono::hours{1};
inline constexpr duration refresh_lifetime = std::chrono::days{30};
inline constexpr duration assertion_lifetime = std::chrono::minutes{5};

/// A bounded map of secrets that end: what has ended goes first, then the oldest.
template <class T>
class expiring {
  public:
    explicit expiring(std::size_t most) : most_{most} {}

    void put(std::string key, T what, time_point ends, time_point now) {
        if (all_.size() >= most_) {
            std::erase_if(all_, [&](const auto& item) { return item.second.ends <= now; });
        }
        while (all_.size() >= most_ && !order_.empty()) {
            all_.erase(order_.front());
            order_.pop_front();
        }
        if (order_.size() >= 2 * most_) { // keys of what ended long ago
            std::erase_if(order_, [&](const auto& k) { return !all_.contains(k); });
        }
        order_.push_back(key);
        all_.insert_or_assign(std::move(key), entry{std::move(what), ends});
    }
    /// Whether or not it has ended.
    struct entry {
        T what;
        time_point ends;
    };
    entry* find(std::string_view key) {
        const auto found = all_.find(key);
        return found == all_.end() ? nullptr : &found->second;
    }
    void erase(std::string_view key) {
        if (const auto found = all_.find(key); found != all_.end()) {
            all_.erase(found);
        }
    }
    template <class F>
    void erase_where(F which) {
        std::erase_if(all_, [&](const auto& item) { return which(item.second.what); });
    }
    void end_all(time_point now) {
        for (auto& [key, item] : all_) {
            item.ends = std::min(item.ends, now);
        }
    }

  private:
    std::size_t most_;
    std::map<std::string, entry, std::less<>> all_;
    std::deque<std::string> order_;
};

/// An authorization request that waits for its user (OpenID Connect Core, section 3.1.2.1).
struct oidc_request {
    std::string client, redirect_uri, scope, state, nonce, challenge;
};
/// An AuthnRequest that waits for its user (SAML core, section 3.4.1).
struct saml_request {
    std::string party, acs_url, id, relay_state;
};
struct pending_login {
    std::variant<oidc_request, saml_request> what;
    std::string hint; ///< user name that the client suggests
    int tries = 0;
};

/// What a code or a token stands for.
struct grant {
    oidc_request asked;
    std::string user;
    time_point signed_in;
    std::string from_code = {}; ///< tokens: the code that they came from
    bool used = false;          ///< codes
};

/// Orders of the management calls.
struct orders {
    struct denial {
        std::string user; ///< empty: anybody
        unsigned times = 1;
    };
    std::deque<denial> denials;
    unsigned expired_codes = 0;    ///< the next so many codes have ended when they are given out
    unsigned expired_tokens = 0;   ///< the same for access tokens and ID tokens
    unsigned stale_assertions = 0; ///< the same for assertions
};

struct log_line {
    time_point at;
    std::string what; ///< "login", "denied", "wrong-password", "code", "token", …
    std::string user, party, detail;
};

struct state {
    state(net::world& w, service_options o, crypto::certificate signer);

    net::world* world;
    service_options options;
    std::string issuer;
    std::string key_id;
    crypto::certificate certificate; ///< of `options.key`
    std::map<std::string, user, std::less<>> users;
    std::map<std::string, client, std::less<>> clients;
    std::map<std::string, party, std::less<>> parties;
    expiring<pending_login> logins{10'000};
    expiring<grant> codes{10'000};
    expiring<grant> access_tokens{100'000};
    expiring<grant> refresh_tokens{100'000};
    orders ordered;
    std::deque<log_line> log;

    static constexpr std::size_t most_known = 100'000; ///< users, clients, parties, each

    bool add(user who);
    bool add(client who);
    bool add(party who);
    /// By name or mail address; null: nobody.
    [[nodiscard]] const user* find_user(std::string_view name) const;
    /// 256 bits, base64url.
    std::string draw();
    void note(std::string what, std::string who, std::string where, std::string detail = {});
    /// Takes one of the orders that denies this user; false: none does.
    bool take_denial(const user& who);
    /// Counts down; false at 0.
    static bool take(unsigned& order) { return order > 0 && order-- > 0; }
};

/// Opaque and stable: what "sub" says of a user.
std::string subject_of(const user& who);

} // namespace pomona::sim::idp
