// One virtual Mac: what it holds, how it enrolls, answers, synchronises and leaves.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/sim/apns/device_link.hpp"
#include "pomona/sim/mac/account.hpp"
#include "pomona/sim/mac/persona.hpp"
#include "pomona/sim/mac/trials.hpp"
#include "pomona/sim/mac/power.hpp"
#include "pomona/trace/recorder.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

class app_shelf;
class declaration_cache;
class profile_shelf;

/// What all Macs of a fleet share; outlives them.
struct environment {
    net::world& world;
    trace::recorder& recorder;
    apns::device_link& push;
    /// Roots that the Mac has before any profile is installed (stands for the system's trust
    /// store).
    net::trust_store system_trust;
    duration request_timeout = std::chrono::seconds{60};
    /// What the tables know of a release from its seed only is there for these Macs.
    bool seed_schema = false;
    /// crypto::context::with_legacy, for CAs that know only single DES and SHA-1; empty: refused.
    std::optional<crypto::context> scep_legacy = {};
    /// Trust stores with the roots of profiles, by their hashes: Macs with the same roots share
    /// one.
    std::map<std::string, net::trust_store> installed_trust = {};
    /// Certificates that signed installed profiles, by their DER: Macs with the same profile share
    /// them (decoded, each takes some KiB).
    std::map<bytes, crypto::certificate> profile_signers = {};
    /// Applications: Macs with the same version of one share it. Made by the first Mac.
    std::shared_ptr<app_shelf> apps = {};
    /// Installed profiles: each is there once. Made by the first Mac.
    std::shared_ptr<profile_shelf> profiles = {};
    /// Declarations, each once however many Macs hold it; made when it is needed.
    std::shared_ptr<declaration_cache> declarations = {};
};

enum class phase { unenrolled, profile_received, identity_pending, authenticated, enrolled };
std::string_view to_text(phase p);

/// Why an enrollment did not come about.
struct enroll_failure {
    std::string at; ///< "profile", "scep", "Authenticate", "TokenUpdate"
    std::string reason;
    bool transport = false; ///< the server could not be reached at all
};

/// State of the machine that a scenario may set (design: `set`).
struct condition {
    bool online = true;
    power_mode power = power_mode::awake;
    bool lid_closed = false; ///< of a notebook
    bool file_vault = false; ///< a start ends at FileVault's screen
    /// Somebody waits at the login window until management has nothing more to say (Apple,
    /// "Handling a NotNow status").
    bool login_blocked = false;
    bool screen_locked = false;
    duration network_delay{}; ///< of each message that the Mac sends
    duration clock_offset{};  ///< of its clock; negative: behind
    bool operator==(const condition&) const = default;
};

/// Where a user of the Mac stands.
struct user_standing {
    account who;
    bool logged_in = false;
    bool on_console = false; ///< at the screen; others that are logged in are in the background
    bool is_open = false;    ///< the server has accepted the TokenUpdate of the user's channel
    push_token token;        ///< empty: none so far
    push_magic magic;
};

/// Lives on the world's thread. Its tasks keep its state alive; the environment has to outlive them
/// (shut the world down first).
class mac {
  public:
    /// `key`: the RSA key its SCEP identity will use; `who`: its name in the trace. `users`: those
    /// that MDM manages, with different short names; the first is logged in and installs the
    /// profile. Choice: a real Mac manages the user who enrolled and the directory users that the
    /// server accepts; here all of `users` are managed.
    mac(environment& env, actor who, hardware hw, crypto::private_key key,
        std::vector<account> users = {});
    ~mac();

    [[nodiscard]] const actor& who() const;
    [[nodiscard]] const hardware& machine() const;
    [[nodiscard]] phase now_in() const;

    /// Downloads the profile at `url` and installs it as a user would; over when TokenUpdate was
    /// accepted or something failed. From then on pushes wake it by themselves.
    net::task<std::expected<void, enroll_failure>> enroll(std::string url);
    /// The same with a profile at hand.
    net::task<std::expected<void, enroll_failure>> install(bytes profile);

    /// The user removes the enrollment profile: one CheckOut if the profile says so, then silence.
    net::task<void> remove_enrollment_profile();

    [[nodiscard]] condition current() const;
    void set(condition c);
    /// How updates and installations go, and what the user installs.
    void set(const trials& t);
    /// Down now, up again a while later; users are logged out.
    void restart();
    /// Everything that users and MDM brought is gone; the server hears nothing of it.
    void erase();
    /// Somebody enters the PIN of a DeviceLock; false when it is another.
    bool unlock(std::string_view pin);

    // Users, by short name; false (nullopt) when the Mac has none of it.
    [[nodiscard]] std::vector<std::string> user_names() const;
    [[nodiscard]] std::optional<user_standing> user(std::string_view short_name) const;
    /// To the console, beside those that are logged in already (fast user switching): they go to
    /// the background, and their messages say NotOnConsole. Somebody logged in comes back to the
    /// front. The first log-in to an enrolled Mac opens the user's channel.
    bool log_in(std::string_view short_name);
    /// The user's channel rests: pushes wait at the push service until the next log-in.
    bool log_out(std::string_view short_name);
    /// While the keychain is locked, profiles of the user's channel are refused with NotNow.
    bool lock_keychain(std::string_view short_name, bool locked);
    /// The push token of the device channel; empty: none.
    [[nodiscard]] push_token token() const;

  private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace pomona::sim::mac
