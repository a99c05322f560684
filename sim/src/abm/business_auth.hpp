// Access to the Apple Business API: OAuth 2 with a client assertion (Apple, "Implementing OAuth for
// the Apple School and Business Manager API").
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/sim/abm/business.hpp"

#include <deque>
#include <set>

namespace pomona::sim::abm {

inline constexpr duration access_token_lifetime = std::chrono::hours{1};
/// Apple: an assertion may live for 180 days.
inline constexpr duration max_assertion_lifetime = std::chrono::days{180};

class business_auth {
  public:
    explicit business_auth(net::world& world) : world_{&world} {}

    void add(api_account account);
    [[nodiscard]] const std::map<std::string, api_account>& accounts() const { return accounts_; }

    /// POST /auth/oauth2/token: 200 with an access token, or 400 {"error": …} for anything that is
    /// wrong (ABM-110). Parameters in the form body or in the query (ABM-111).
    net::reply issue(const net::request& what);
    /// `Authorization: Bearer …` holds a token that is still good.
    [[nodiscard]] bool permits(const net::request& what) const;
    void revoke_all() { tokens_.clear(); }

  private:
    [[nodiscard]] bool holds(std::string_view client_id, std::string_view assertion);

    net::world* world_;
    std::map<std::string, api_account> accounts_;
    std::map<std::string, time_point, std::less<>> tokens_; ///< and their ends
};

} // namespace pomona::sim::abm
