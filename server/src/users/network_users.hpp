// The network users whom this server manages, and what their Macs prove themselves with: values, no
// I/O.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/mdm/user_authenticate.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::server {

/// Passwords are kept as HTTP Digest keeps them: H(name:realm:password).
class network_users {
  public:
    static constexpr std::string_view realm = "pomona";

    /// Empty password: managed, but without a token (a challenge of no length).
    void put(const std::string& short_name, std::string_view password);
    bool remove(std::string_view short_name); ///< false: there was none
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] bool empty() const { return secrets_.empty(); }
    /// For the store.
    [[nodiscard]] bytes save() const;
    static result<network_users> load(bytes_view saved);

    /// What the first step is answered: nullopt: 410; empty: no token is needed. A user whose name
    /// the message does not say is asked when there is anybody to ask for.
    [[nodiscard]] std::optional<std::string> challenge(const std::string& channel,
                                                       std::string_view short_name,
                                                       std::string nonce, time_point now);
    /// Whether the second step answers the challenge of this channel, which is used up.
    bool is_right(const std::string& channel, std::string_view response, time_point now);
    /// A user's messages need a token: there is a password for the name.
    [[nodiscard]] bool wants_token(std::string_view short_name) const;

  private:
    struct asked {
        std::string nonce;
        time_point until;
    };
    std::map<std::string, std::string, std::less<>> secrets_; ///< empty value: without a token
    std::map<std::string, asked, std::less<>> open_;          ///< challenges by channel
};

} // namespace pomona::server
