// A scenario as the runner sees it: groups of Macs and the steps they go through (design section
// 6).
#pragma once

#include "pomona/faults/injector.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/plist/value.hpp"
#include "pomona/scenario/source.hpp"
#include "pomona/sim/mac/account.hpp"
#include "pomona/sim/mac/mac.hpp"
#include "pomona/sim/mac/manner.hpp"
#include "pomona/sim/mac/trials.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pomona::scenario {

/// What `set`, and `state` of a group, say of a Mac; what is absent stays as it is.
struct mac_state {
    std::optional<bool> online;
    std::optional<duration> network_delay;
    std::optional<sim::mac::power_mode> power;
    std::optional<bool> lid_closed;
    std::optional<bool> file_vault;
    std::optional<bool> login_blocked;
    std::optional<bool> screen_locked;
    std::optional<bool> keychain_locked; ///< of `set_step::user`, or of every user
    std::optional<duration> clock_offset;
    std::string console; ///< this user to the screen; empty: as it is
    sim::mac::trials trials;
};

struct mac_group {
    std::string name;
    std::size_t count = 1;
    std::string persona; ///< a name, or a file beside the scenario
    sim::mac::http_offer http = sim::mac::http_offer::negotiate;
    /// Made by `lifecycle: clone` from this group (empty: from all Macs); not there at the begin.
    std::optional<std::string> cloned_from;
    std::shared_ptr<const sim::mac::persona> own_persona; ///< read from the file; null for a name
    std::vector<sim::mac::account_order> users;           ///< of each Mac
    sim::mac::manner manner;
};

/// One message of the closed vocabulary that `expect` and `within … of` name.
struct message {
    enum class what {
        checkin,      ///< Authenticate, TokenUpdate, CheckOut, DeclarativeManagement [endpoint]
        report,       ///< [RequestType] Acknowledged | Error | NotNow | CommandFormatError, or Idle
        command,      ///< command [RequestType | CommandUUID]
        response_to,  ///< http response to MESSAGE
        scep,         ///< scep GetCACert | GetCACaps | PKIOperation
        profile,      ///< enrollment profile
        push,         ///< apns push
        push_request, ///< apns request: of a provider, to this Mac's token
        activation,   ///< activation: the Mac asks which profile it has
        abm,          ///< abm session | fetch | sync | define profile | assign profile | …
        login,        ///< idp login: somebody at the Mac has sent a login form
        state         ///< state NAME
    };
    std::string text; ///< as written
    what kind{};
    std::string name;        ///< message type, request type, operation or state; may be empty
    std::string status;      ///< report: the status; checkin: the DDM endpoint
    std::vector<message> of; ///< response_to: the one message
};

/// A message that Apple's services see, not the Mac.
bool is_of_apple(const message& m);

/// A predicate on a decoded path.
struct predicate {
    enum class op { equal, matches, in, min, max, exists };
    std::string path;
    op test{};
    std::vector<std::string> texts; ///< equal, in: the values as text; matches: the expression
    double bound = 0;               ///< min, max
    bool flag = true;               ///< exists
    location where;
};

struct time_limit {
    duration length{};
    std::optional<message> of; ///< counted from this message; otherwise from the step's begin
};

struct expect_step {
    message what;
    std::vector<predicate> where;
    time_limit within{std::chrono::seconds{60}, {}};
    std::size_t times = 1;
    bool never = false; ///< none within `quiet_for`
    std::optional<time_limit> quiet_for;
    std::map<std::string, std::string> capture; ///< variable → path
    std::string user;                           ///< only messages of this user's channel
    bool device_only = false;                   ///< only messages of the device channel
};
struct enroll_step {
    std::string refused_at; ///< expected outcome: refused at this message; empty: enrolled
    duration after_min{}, after_max{}; ///< each Mac starts after a seeded delay between the two
    int tries = 1;                     ///< how often the user installs the profile, at most
    bool by_ade = false;               ///< Automated Device Enrollment
    std::string url;                   ///< ADE: instead of the target's; may be empty
    bool by_web_view = false;          ///< ADE: the user signs in first
    std::optional<sim::mac::sign_in> person = {}; ///< who; nullopt: as before, or the usual user
    bool await_configuration = true; ///< ADE: Setup Assistant waits for DeviceConfigured
    bool wait = true;         ///< false: goes on beside the steps that follow, whatever comes of it
    std::string account_mode; ///< account-driven: "byod" or "adde"; empty: by profile
    std::string account;      ///< account-driven: who types it in, with variables
};
/// A command to queue: RequestType and its keys; CommandUUID is made when it is queued.
struct queue_step {
    std::vector<plist::dict> commands;
    bool push = true;
    std::map<std::string, std::string> capture; ///< variable → "uuids.<n>"
    std::string user;                           ///< into this user's queue; empty: the device's
};
/// The network users whom the server is to manage from now on, beside those it has.
struct users_step {
    struct one {
        std::string short_name, password;
    };
    std::vector<one> users;
};
/// What the CA does with requests: with new ones, or with those of the step's Macs that wait.
struct ca_step {
    enum class what { manual, automatic, approve, deny } kind{};
};
/// What the emulated identity provider is told, or who signs in at it from now on.
struct idp_step {
    enum class what { call, person } kind{};
    std::string path, body; ///< call: POST to the portal
    sim::mac::sign_in person;
};
struct push_step {
    std::string user;
};
struct declare_step {
    std::vector<std::string> declarations; ///< JSON, without ServerToken
    bool notify = true;
    std::string user;
};
/// The server sends each Mac its enrollment profile anew.
struct renew_step {};
/// Settings of the server, in its adapter's words.
struct config_step {
    plist::dict settings;
};
struct lifecycle_step {
    enum class what {
        remove_profile,
        reboot,
        erase,
        offline,
        online,
        clone,
        restore,
        renew,
        rotate_token,
        upgrade,
        login,
        logout
    } kind{};
    std::string user;                                     ///< login, logout
    bool check_out = true;                                ///< remove_profile
    sim::mac::renewal how = sim::mac::renewal::reinstall; ///< renew
    std::string version, build;                           ///< upgrade
    std::string as;                                       ///< clone: the new group
    std::string refused_at; ///< restore, renew: expected outcome; empty: it comes about
};
struct set_step {
    mac_state what;
    std::string user; ///< whose keychain; empty: every user's
};
struct check_step {
    std::vector<std::string> ids;
};
struct advance_step {
    duration length{};
};

/// One fault to inject (docs/scenarios.md).
struct fault_rule {
    location where;
    const faults::fault* what = nullptr;
    faults::settings with{{}};
    std::optional<message> on; ///< a message of a Mac, or an answer; none: every message
    bool on_answer = false;    ///< `on` is known only when the answer has come
    std::string macs;          ///< group; empty: all
    double probability = 1;
    std::size_t times = faults::unlimited;    ///< a Mac
    std::size_t in_total = faults::unlimited; ///< all Macs together
};
struct fault_plan {
    std::optional<std::uint64_t> seed; ///< none: the run's
    faults::budget limits;
    std::vector<fault_rule> rules; ///< in force from the beginning
};
/// In force from this step on; without a rule: no fault any more.
struct fault_step {
    std::optional<fault_rule> rule;
};

/// At Apple Business Manager: what an administrator does in its portal, or an MDM server by the
/// device-enrollment service.
struct abm_step {
    enum class what {
        add,
        move,
        remove,
        sync,
        assign,
        unassign,
        disown,
        terms,
        throttle,
        age_cursors,
        end_sessions,
        rules,
        disturb
    } kind{};
    std::optional<std::string> server = {}; ///< add, move: its name; "": unassigned; none: ours
    std::string body = {};                  ///< assign: the profile; rules, disturb: JSON
    bool pin = false;                       ///< assign: anchor_certs are the target's roots
    bool accepted = true;                   ///< terms
    duration length{};                      ///< throttle
    std::string says = {}; ///< of the service, in place of success: "THROTTLED", "T_C_NOT_SIGNED"
};
/// At the push service.
struct apns_step {
    enum class what { unregister, rules } kind{};
    std::string reason = {}; ///< unregister
    std::string body = {};   ///< rules: JSON
};

struct step {
    location where;
    std::string title;
    std::string source_text;
    std::string macs; ///< group; empty: all
    std::variant<expect_step, enroll_step, queue_step, push_step, declare_step, renew_step,
                 config_step, lifecycle_step, set_step, check_step, advance_step, fault_step,
                 users_step, ca_step, abm_step, apns_step, idp_step>
        verb;
};

struct scenario {
    std::string file, name, about;
    std::vector<std::string> needs;
    std::vector<mac_group> groups;
    fault_plan faults;
    std::vector<step> steps;
    std::vector<std::string> checks; ///< ids to judge at the end; empty: all
    [[nodiscard]] std::size_t mac_count() const;
    /// Apple Business Manager is a part of it: Macs ask there what they are assigned to.
    [[nodiscard]] bool uses_abm() const;
    /// The portals of Apple's services are called.
    [[nodiscard]] bool works_apple() const;
    /// What goes over the wire at Apple's services is looked at.
    [[nodiscard]] bool watches_apple() const;
    /// Users sign in at an identity provider.
    [[nodiscard]] bool signs_in() const;
};

} // namespace pomona::scenario
