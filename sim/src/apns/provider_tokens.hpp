// Provider tokens: JSON Web Tokens of app providers (Apple, "Establishing a token-based connection
// to APNs"). MDM takes certificates only.
#pragma once

#include "apns/judge.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <deque>
#include <map>

namespace pomona::sim::apns {

class provider_tokens {
  public:
    explicit provider_tokens(crypto::context ctx) : ctx_{std::move(ctx)} {}

    void add(signing_key key);
    /// What the value of `authorization` is worth on this connection at this moment.
    credential read(std::string_view authorization, const std::string& connection, time_point now);

  private:
    struct verified {
        std::string key_id;
        time_point issued;
    };
    struct registered {
        signing_key key;
        /// Different tokens of the last 20 minutes, by their hashes.
        std::deque<std::pair<time_point, bytes>> recent;
    };
    const verified* verify(std::string_view jwt, const bytes& name);
    static bool is_one_too_many(registered& key, const bytes& name, time_point now);
    /// A connection belongs to the team of its first token.
    bool is_other_team(const std::string& connection, const std::string& team);

    crypto::context ctx_;
    std::map<std::string, registered, std::less<>> keys_;
    /// The SHA-256 of a token; remembered, since a provider sends the same one with every push.
    const bytes& name_of(std::string_view jwt);

    std::string last_token_;
    bytes last_name_;
    std::map<bytes, verified> known_;          ///< by SHA-256 of the token
    std::map<std::string, std::string> teams_; ///< by connection
};

} // namespace pomona::sim::apns
