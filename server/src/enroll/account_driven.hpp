// Account-driven enrollment at the server (Apple, "Onboarding users with account sign-in"): who may
// enroll, and in which way. No I/O. The sign-in page is not part of it: access tokens are given out
// by API.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pomona::server {

enum class account_mode { byod, adde };
std::string_view to_text(account_mode m);    ///< "BYOD": EnrollmentMode
std::string_view to_version(account_mode m); ///< "mdm-byod": of service discovery
std::string_view to_path(account_mode m);    ///< "byod"
std::optional<account_mode> mode_of_path(std::string_view path);

/// In memory: after a restart users sign in again. Choice: one token an account, for ever.
class accounts {
  public:
    static constexpr std::size_t most = 100'000;

    struct account {
        std::string identifier; ///< "ada@example.org"
        account_mode mode{};
        std::string token;
    };
    /// False: there are too many.
    bool put(account a);
    [[nodiscard]] const account* find(std::string_view identifier) const;
    /// Of "Bearer <token>"; null: nobody's (ENR-057).
    [[nodiscard]] const account* of_authorization(std::string_view header) const;

  private:
    std::map<std::string, account, std::less<>> all_;
};

} // namespace pomona::server
