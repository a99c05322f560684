// Users who sign in before there is a profile: what waits for them to come back, and whose Mac it
// is. No I/O.
#pragma once

#include "enroll/account_driven.hpp"
#include "enroll/openid.hpp"
#include "pomona/foundation/ids.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pomona::server {

/// Who sent a user to the provider, and what follows when the user comes back.
struct waiting_sign_in {
    enum class what {
        web_view, ///< Automated Device Enrollment: the profile
        as_web,   ///< account-driven, "apple-as-web": an access token
        oauth2    ///< account-driven, "apple-oauth2": a code
    };
    what kind{};
    serial_number serial = {}; ///< web_view: the Mac's
    std::string account = {};  ///< account-driven: who the Mac says it is
    std::string state = {};    ///< oauth2: the Mac's own
    sign_in_secrets with = {};
    time_point ends = {};
};

/// By "state", each once (ENR-045). Bounded: the oldest go.
class waiting_sign_ins {
  public:
    static constexpr std::size_t most = 10'000;
    static constexpr duration lifetime = std::chrono::minutes{15};

    void put(waiting_sign_in what);
    /// Out of the list; nullopt when there is none of it any more.
    std::optional<waiting_sign_in> take(std::string_view state, time_point now);

  private:
    std::map<std::string, waiting_sign_in, std::less<>> all_;
    std::deque<std::string> order_;
};

/// Its name in the query.
inline constexpr std::string_view enroll_reference = "enroll_reference";
/// Binds a profile to the Mac that it was given to: a text for the query of its ServerURL, which
/// stays for the life of the enrollment. `key`: a secret of the server; `salt`: 8 random octets.
std::string write_enroll_reference(bytes_view key, bytes_view salt, const serial_number& serial);
/// Is it the reference of that Mac?
bool is_reference_of(bytes_view key, std::string_view reference, const serial_number& serial);

} // namespace pomona::server
