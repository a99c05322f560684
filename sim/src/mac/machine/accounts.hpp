// The accounts of the machine: those that can log in, whether MDM manages them or not.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// The salted SHA-512 PBKDF2 hash of a password (schema other/passwordhash.yaml). A secret.
struct password_hash {
    bytes entropy, salt;
    std::int64_t iterations = 0;
    bool operator==(const password_hash&) const = default;
};
/// From the property list that AccountConfiguration and SetAutoAdminPassword carry as data. The
/// error says what is wrong with it.
std::expected<password_hash, std::string> read_password_hash(bytes_view data);
plist::dict write_password_hash(const password_hash& h);

struct local_account {
    std::string guid; ///< in upper case
    std::string short_name, full_name;
    std::int64_t uid = 0; ///< 0: the next free one from 501 on
    bool admin = false;
    bool hidden = false;       ///< not shown at the login window
    bool mobile = false;       ///< of a directory, with a copy on this Mac
    bool secure_token = false; ///< may unlock FileVault
    bool logged_in = false;
    bool locked = false;     ///< after too many wrong passwords
    bool auto_admin = false; ///< created by AccountConfiguration
    std::optional<password_hash> hash = std::nullopt;
    bool operator==(const local_account&) const = default;
};

/// What AccountConfiguration left for Setup Assistant (schema
/// mdm/commands/account.configuration.yaml).
struct account_setup {
    bool skip_primary = false;    ///< no account is created at the screen
    bool primary_regular = false; ///< the account created there is no administrator
    bool lock_primary_info = false;
    std::string primary_full_name = {}, primary_user_name = {}; ///< empty: asked for
    std::string managed_short_name = {}; ///< empty: the account created there
    bool operator==(const account_setup&) const = default;
};

class accounts {
  public:
    [[nodiscard]] const std::vector<local_account>& all() const { return all_; }
    /// Null when there is none.
    [[nodiscard]] const local_account* find(std::string_view short_name) const;
    [[nodiscard]] local_account* find(std::string_view short_name);
    [[nodiscard]] local_account* by_guid(std::string_view guid);

    /// Of an account that exists already only the names are brought up to date. The first account
    /// of a Mac gets a secure token.
    local_account& add(local_account a);
    enum class removal { done, unknown, logged_in, last_with_token };
    /// `removal::last_with_token`: without it nobody could unlock the disk.
    removal remove(std::string_view short_name);
    void set_logged_in(std::string_view short_name, bool on);
    /// Nullopt: AccountConfiguration was not sent.
    std::optional<account_setup> setup = std::nullopt;

    [[nodiscard]] plist::dict save() const;
    static result<accounts> load(const plist::dict& saved);
    bool operator==(const accounts&) const = default;

  private:
    std::vector<local_account> all_; ///< in the order of their UIDs
};

} // namespace pomona::sim::mac
