// The state of one Mac, and what its drivers (enrollment, session, synchronisation, leaving) share.
#pragma once

#include "mac/channel.hpp"
#include "mac/error_document.hpp"
#include "mac/machine/machine.hpp"
#include "pomona/sim/mac/mac.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// What ties a Mac to its server; gone with the enrollment.
struct enrollment {
    std::string profile_identifier;
    profile::mdm_payload payload;
    std::shared_ptr<const crypto::identity> identity;
    net::trust_store trust;
    net::trust_store server_pins = {};  ///< what alone is trusted at ServerURL; null: `trust`
    net::trust_store checkin_pins = {}; ///< the same at checkin_url()
    bool by_ade = false;                ///< came by Automated Device Enrollment
    bool removable = true;       ///< ADE, is_mdm_removable: false keeps users from removing it
    installed_os announced = {}; ///< the macOS that the server was told of
    /// EnrollmentID of a user enrollment, new with each (observed: F19); empty: a device's.
    std::string enrollment_id = {};
    std::string bearer = {}; ///< account-driven: the access token, with every request (ENR-110)

    [[nodiscard]] bool is_user_enrollment() const { return !enrollment_id.empty(); }

    /// Schema com.apple.mdm: CheckInURL falls back to ServerURL (MDM-CHK-058).
    [[nodiscard]] const std::string& checkin_url() const {
        return payload.checkin_url.empty() ? payload.server_url : payload.checkin_url;
    }
};

/// Setup Assistant of a Mac that enrolls by ADE.
struct setup_assistant {
    bool running = false;  ///< it is on the screen; nobody can log in yet
    bool awaiting = false; ///< and goes no further before DeviceConfigured (MDM-CHK-074)
    /// Observed (F33): a restart while it waited leaves a Mac that only an erase repairs.
    bool stalled = false;
    bool enrolling = false; ///< enroll_by_ade is at work
    /// Observed (F9): a Mac whose enrollment failed tries again with the profile it has.
    std::optional<bytes> profile = std::nullopt;
};

/// What a backup of an enrolled Mac has of its enrollment.
struct enrollment_backup {
    enrollment what;
    profile_store profiles;
};

/// Apple, "Set Bootstrap Token": lets MDM act in the name of a user with a secure token.
struct bootstrap_token {
    bytes value; ///< empty: none was made yet. A secret.
    bool escrowed = false;
    bool under_way = false; ///< SetBootstrapToken is
};

/// Drivers hold it by shared pointer; it needs the environment and the world as long as one runs.
struct core : std::enable_shared_from_this<core> {
    core(environment& e, actor name, hardware machine, crypto::private_key k,
         std::vector<account> accounts);

    environment* env;
    actor who;
    hardware hw;
    crypto::private_key key;
    phase now_in = phase::unenrolled;
    condition state; ///< `power`, `lid_closed` and `file_vault` are those of `box`
    machine_state box;
    setup_assistant setup;
    std::optional<ade_assignment> ade;
    bool asks_activation = false;  ///< Setup Assistant asks `environment::activation` for it
    std::optional<sign_in> person; ///< signs in at web pages; in memory only
    std::string profile_url;       ///< where the user got the enrollment profile; may be empty
    bootstrap_token bootstrap;
    /// Of the last enrollment that ended; null: none did.
    std::shared_ptr<const enrollment_backup> backup;
    /// Tells a clone from its original at the push service; empty: an original.
    std::string push_salt;
    std::optional<enrollment> current; ///< from the moment the identity is there
    channel device{*this};
    std::vector<std::unique_ptr<channel>> users; ///< never changes
    /// The user at the screen; null: the login window.
    channel* console = nullptr;
    /// Grows with each start and end of an enrollment: a driver that finds another number than at
    /// its beginning has been overtaken and stops.
    std::uint64_t generation = 0;
    std::uint64_t starts = 0; ///< grows when the Mac goes down: what was at work is lost
    std::vector<scripted_answer> scripted; ///< the next commands' answers
    std::size_t under_way = 0;             ///< enrollments, and first tries to listen again
    bool leaving = false;
    net::signal machine_changed;    ///< wakes the upkeep
    bool in_upkeep = false;         ///< see keep_up
    std::uint64_t upkeep_cause = 0; ///< the last event that set something going in `box`
    net::signal changed;            ///< generation, condition, log-ins or `leaving` changed

    [[nodiscard]] net::world& world() const { return env->world; }
    /// By the Mac's own clock.
    [[nodiscard]] time_point now() const { return world().now() + state.clock_offset; }
    /// Messages can be sent and pushes come in.
    [[nodiscard]] bool is_reachable() const { return state.online && box.power.runs(); }
    [[nodiscard]] bool is_still(std::uint64_t g) const { return generation == g; }
    [[nodiscard]] time_point request_deadline() const {
        return world().now() + env->request_timeout;
    }
    /// The device's, then the users'.
    [[nodiscard]] std::vector<channel*> channels();
    [[nodiscard]] channel* find_user(std::string_view short_name);
    /// TLS without an identity, for what comes before there is one.
    [[nodiscard]] net::client_tls anonymous(net::trust_store trust) const;
    std::uint64_t record(std::string name, trace::fields summary, std::uint64_t cause) {
        return device.record(std::move(name), std::move(summary), cause);
    }
};
using core_ptr = std::shared_ptr<core>;

/// Keeps the channel's Mac alive.
channel_ptr pointer_to(channel& c);

/// An answer, or why there is none; `event` is its number in the trace either way.
struct exchange_outcome {
    standing means = standing::failed;
    std::uint64_t event = 0;
    std::optional<net::response> response;
    std::optional<net::transport_error> failure;
    [[nodiscard]] std::string describe() const; ///< "HTTP 500", "refused: …"
};
/// One PUT of this Mac; fails locally while it is offline.
net::task<exchange_outcome> put(core_ptr self, std::shared_ptr<mdm_client> client,
                                put_request what);
net::task<exchange_outcome> send_checkin(channel_ptr from, std::shared_ptr<mdm_client> client,
                                         std::string url, decltype(mdm::checkin_message::body) what,
                                         std::uint64_t cause);

/// A session is due because of event `cause`; starts one when none is running and the channel can.
void wake(channel& c, std::uint64_t cause);
void on_push(channel& c, const apns::delivery& d);

/// The end of an enrollment.
struct departure {
    std::string reason;
    std::uint64_t cause = 0;
    bool check_out = false; ///< one CheckOut if the profile says so (MDM-CHK-073)
};
net::task<void> leave(core_ptr self, departure how);

} // namespace pomona::sim::mac
