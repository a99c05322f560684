// One virtual Mac: what it holds, how it enrolls, answers, synchronises and leaves.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/protocol/mdm/command.hpp"
#include "pomona/sim/apns/device_link.hpp"
#include "pomona/sim/mac/account.hpp"
#include "pomona/sim/mac/activation.hpp"
#include "pomona/sim/mac/persona.hpp"
#include "pomona/sim/mac/power.hpp"
#include "pomona/sim/mac/trials.hpp"
#include "pomona/trace/recorder.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim {
class device_ca;
}

namespace pomona::sim::mac {

class app_shelf;
class profile_shelf;
class declaration_cache;

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
    /// Where the devices' certificates come from; null: no Automated Device Enrollment.
    std::shared_ptr<const device_ca> devices = {};
    /// Where Setup Assistant asks which profile the Mac has; nullopt: nowhere.
    std::optional<activation_host> activation = {};
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
    /// Called before each message of a Mac to its server: what the message tells of has to be kept
    /// by then. With an error the message is not sent. Empty: nothing is kept.
    std::function<result<void>(const actor& who)> before_message = {};
};

enum class phase { unenrolled, profile_received, identity_pending, authenticated, enrolled };
std::string_view to_text(phase p);

/// How an enrolled Mac gets a new identity.
enum class renewal {
    reinstall,    ///< Authenticate and TokenUpdate with it (observed: F10)
    in_place,     ///< TokenUpdate alone (observed: F12)
    identity_only ///< no message at all (observed: F13)
};
/// "reinstall", "in-place", "identity-only".
std::string_view to_text(renewal r);
std::optional<renewal> find_renewal(std::string_view text);
std::vector<std::string> renewal_names();

/// Who fills in the login form of a web page during enrollment.
struct sign_in {
    std::string user, password;
    bool cancels = false;      ///< presses "Cancel" instead
    bool keeps_cookies = true; ///< false: none is sent back (they may be lost between page loads)
};

/// Why an enrollment did not come about.
struct enroll_failure {
    std::string at; ///< "profile", "scep", "Authenticate", "TokenUpdate"
    std::string reason;
    bool transport = false; ///< the server could not be reached at all
};

/// What a user types into System Settings to enroll, and what signing in would give.
struct account_enrollment {
    std::string identifier; ///< "ada@example.org"
    /// "https://localhost:9000": asked in place of the identifier's domain. Empty: the domain.
    std::string discovery = {};
    std::string access_token = {}; ///< of the sign-in page
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

/// How a Mac answers commands because somebody wants it so, without carrying them out.
struct scripted_answer {
    std::string request_type; ///< empty: any command
    /// Acknowledged, NotNow, Error or CommandFormatError.
    mdm::command_status status = mdm::command_status::not_now;
    std::int64_t times = 1;
    std::optional<mdm::error_chain_item> why = {}; ///< of Error and CommandFormatError
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
    /// `key`: the RSA key its SCEP identity will use; `who`: its name in the trace. `users`: with
    /// different short names; the first is logged in and installs the profile. Their kinds say
    /// which of them MDM manages.
    mac(environment& env, actor who, hardware hw, crypto::private_key key,
        std::vector<account> users = {});
    ~mac();

    [[nodiscard]] const actor& who() const;
    [[nodiscard]] const hardware& machine() const;
    [[nodiscard]] phase now_in() const;

    /// Downloads the profile at `url` and installs it as a user would; over when TokenUpdate was
    /// accepted or something failed. From then on pushes wake it by themselves.
    net::task<std::expected<void, enroll_failure>> enroll(std::string url);
    /// Account-driven enrollment (Apple, "Onboarding users with account sign-in"): service
    /// discovery, the profile by access token, then as above.
    net::task<std::expected<void, enroll_failure>> enroll_by_account(account_enrollment what);
    /// The same with a profile at hand.
    net::task<std::expected<void, enroll_failure>> install(bytes profile);

    /// This person is at the Mac from now on; nullopt: nobody who could sign in.
    void set(std::optional<sign_in> person);

    /// From now on Setup Assistant enrolls the Mac by itself; nullopt: no longer.
    void assign(std::optional<ade_assignment> to);
    /// From now on Setup Assistant asks Apple's service (`environment::activation`) each time what
    /// the Mac is assigned to, as a real one does.
    void ask_for_assignment();
    /// Setup Assistant of a Mac out of its box, or the next try of one that failed there: as
    /// `assign` says. Over when TokenUpdate was accepted or something failed.
    net::task<std::expected<void, enroll_failure>> enroll_by_ade();
    /// Nobody can use the Mac yet.
    [[nodiscard]] bool in_setup_assistant() const;

    /// Users may remove the enrollment profile (of ADE, is_mdm_removable).
    [[nodiscard]] bool is_profile_removable() const;
    /// The user removes the enrollment profile: one CheckOut if the profile says so, then silence.
    /// Without `check_out` none is tried. Nothing happens when users may not.
    net::task<void> remove_enrollment_profile(bool check_out = true);
    /// The user has the Mac fetch its enrollment profile again (`profiles renew`).
    net::task<std::expected<void, enroll_failure>> renew(renewal how);
    /// The same Mac comes back from a backup that was made while it was enrolled (the last time):
    /// a new push token, and TokenUpdate to a server that may not know it any more.
    net::task<std::expected<void, enroll_failure>> restore();
    /// New push tokens; the old ones die, and the server hears of the new ones. Over when that was
    /// begun.
    net::task<void> rotate_tokens();
    /// Another macOS is installed; false when the catalogue has no such version and `build` is
    /// empty.
    bool upgrade(std::string_view version, std::string build);
    /// A copy of a virtual machine with everything that is on it, identity and UDID included; it
    /// announces itself with push tokens of its own. `as`: its name in the trace.
    std::unique_ptr<mac> clone(actor as) const;

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

    // Users, by short name; false (nullopt) when the Mac has none of it, or is in no state for it.
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
    /// A session of every open channel as after a push; false when the Mac is not enrolled.
    bool poke();
    /// A session, a check-in or an enrollment is under way, or begins by itself at once.
    [[nodiscard]] bool is_busy() const;
    /// The next commands of that kind are answered so.
    void answer_with(scripted_answer how);
    [[nodiscard]] const std::vector<scripted_answer>& scripted_answers() const;
    /// The user installs a profile by hand: an enrollment profile enrolls, another one is just
    /// there. The error is what the Mac says.
    net::task<std::expected<void, enroll_failure>> install_by_hand(bytes profile);

    // Persistence. A snapshot is a property list with a version: everything that outlives a
    // process, secrets included.
    static constexpr std::int64_t snapshot_version = 1;
    [[nodiscard]] plist::dict save() const;
    /// As it was saved. What was under way then has ended: an enrollment that had no identity yet
    /// has failed, a command whose result was not delivered comes again.
    static result<std::unique_ptr<mac>> load(environment& env, const plist::dict& snapshot);
    /// Goes on where it was after `load`: registers at the push service again (with the token it
    /// had; TokenUpdate only if that is another now), and holds the sessions that were due.
    void resume();

    /// How the server names the device's channel: by UDID, or by EnrollmentID.
    [[nodiscard]] enrollment_id id() const;
    /// The push token of the device channel; empty: none.
    [[nodiscard]] push_token token() const;

  private:
    struct impl;
    explicit mac(std::shared_ptr<impl> i) : impl_{std::move(i)} {}
    std::shared_ptr<impl> impl_;
};

} // namespace pomona::sim::mac
