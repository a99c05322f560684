// One conversation of a Mac with its server. The device's and each user's are instances of this one
// thing: a push token, a queue that the server keeps, profiles, declarations, sessions of its own
// (Apple, "Token Update", "Integrating declarative management").
#pragma once

#include "mac/device_state.hpp"
#include "mac/mdm_client.hpp"
#include "mac/profile_store.hpp"
#include "pomona/protocol/mdm/checkin.hpp"
#include "pomona/sim/mac/account.hpp"
#include "pomona/trace/recorder.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace pomona::sim::mac {

struct core;
struct ddm_client;
struct enrollment;

/// What the server said to a network user's log-in (Apple, "User Authenticate").
enum class admission {
    pending, ///< not asked, or not answered yet
    granted, ///< the user's channel may talk
    declined ///< 410, or the password is wrong: not a word until the next log-in
};

/// Where the server reaches a channel.
struct push_address {
    push_token token;
    push_magic magic;
};

/// Lives as long as its Mac; `channel_ptr` keeps both alive.
struct channel {
    explicit channel(core& of) : mac{&of} {}
    channel(core& of, account who) : mac{&of}, user{std::move(who)} {}

    core* mac;
    std::optional<account> user; ///< nullopt: the device channel

    push_address push;
    bool open = false; ///< the server has accepted its TokenUpdate
    profile_store profiles;
    std::shared_ptr<ddm_client> ddm;    ///< from the first DeclarativeManagement command on
    std::shared_ptr<mdm_client> client; ///< see client_of
    bool in_session = false;
    bool poll_due = false;                   ///< NotNow was the last status of a session
    std::optional<std::uint64_t> wake_cause; ///< a session is due: the event that asked for it
    /// DeclarativeManagement was answered, and not followed by its synchronisation yet.
    struct owed_sync {
        std::optional<bytes> tokens; ///< Data of the command
    };
    std::optional<owed_sync> sync_due;

    // Of a user.
    bool logged_in = false;
    bool keychain_locked = false;
    std::uint64_t logins = 0; ///< grows with each log-in and log-out
    bool opening = false;     ///< open_user_channel is at work
    bool deleted = false;     ///< the account is no more; never comes back
    // Of a network user, anew with each log-in.
    admission admitted = admission::pending;
    std::string auth_token; ///< empty: the server wants none

    /// What a driver remembers at its beginning, to see later whether it was overtaken.
    struct stamp {
        std::uint64_t generation = 0, logins = 0, starts = 0;
        bool operator==(const stamp&) const = default;
    };
    [[nodiscard]] stamp now() const;
    [[nodiscard]] bool is_still(const stamp& s) const { return now() == s; }
    [[nodiscard]] bool is_on_console() const;
    /// The user logs in at the server, too.
    [[nodiscard]] bool is_network_user() const;
    /// Nothing of the log-in stands in the way of talking.
    [[nodiscard]] bool is_admitted() const;
    /// A session could be held now.
    [[nodiscard]] bool can_talk() const;
    /// Commands may be refused for the moment (NotNow).
    [[nodiscard]] bool is_hindered() const;
    [[nodiscard]] mdm::sender sender() const;
    [[nodiscard]] device_state view() const;
    /// For the world's and the push service's books: "mac-0001", "mac-0001 (alice)".
    [[nodiscard]] std::string title() const;
    /// The client with the identity of `e`: sessions and check-ins of one enrollment share it, and
    /// with it the connection that is kept between them. Each channel has its own, as the daemon
    /// and each user's agent are processes of their own.
    std::shared_ptr<mdm_client> client_of(const enrollment& e);
    /// A state of the Mac; a user's says whose.
    std::uint64_t record(std::string name, trace::fields summary, std::uint64_t cause);
    /// What the enrollment brought is gone.
    void forget();
    /// Its connections end, and what is pending on them fails.
    void disconnect();
};
using channel_ptr = std::shared_ptr<channel>;

} // namespace pomona::sim::mac
