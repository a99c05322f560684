// The applications of one Mac: what is installed, what is on its way, what MDM manages. Knows no
// plist of a command; fetches nothing (the driver downloads and says how it went).
#pragma once

#include "mac/machine/happening.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// One version of an application. Macs with the same hold it once.
struct app {
    std::string identifier; ///< of its bundle
    std::string name;
    std::string version, short_version;
    std::int64_t bundle_size = 0;
    std::int64_t store_id = 0;         ///< iTunesStoreID; 0: not of the App Store
    std::int64_t external_version = 0; ///< ExternalVersionIdentifier of the App Store; 0: none
    bool operator==(const app&) const = default;
};
using app_ptr = std::shared_ptr<const app>;

/// Gives equal applications out as one object. Shared by the Macs of a world.
class app_shelf {
  public:
    app_ptr get(app a);

  private:
    std::map<std::string, std::weak_ptr<const app>> known_; ///< by identifier and version
};

/// The App Store of the virtual world: any identifier that could be one is an application. Some
/// well-known ones have their own names.
std::optional<app> store_app(std::int64_t store_id);
/// Nullopt: no application of the store has that bundle identifier.
std::optional<app> store_app(std::string_view bundle_identifier);
/// What comes with macOS and is not in `applications`.
const std::vector<app>& system_apps();

/// Status of ManagedApplicationList, State of InstallApplication.
enum class app_status {
    queued,
    installing,
    updating,
    managed,
    managed_but_uninstalled,
    user_rejected,
    failed
};
std::string_view to_text(app_status s);

using shared_dict = std::shared_ptr<const plist::dict>;

struct installed_app {
    app_ptr what;
    shared_dict configuration = {}, feedback = {}; ///< null: none
    std::uint8_t flags = 0;                        ///< ManagementFlags
    bool managed = false;
    bool licensed = false; ///< came with a licence of the organization (VPP)
};

/// What an InstallApplication or InstallEnterpriseApplication asks for.
struct app_request {
    app_ptr what;
    std::int64_t flags = 0;
    bool as_managed = false;  ///< InstallAsManaged
    bool take_over = false;   ///< ChangeManagementState: Managed
    bool licensed = false;    ///< PurchaseMethod 1
    bool by_download = false; ///< the driver fetches its package and calls `downloaded`
    shared_dict configuration = {};
};
/// Why it is refused; each has its code and domain (F28).
enum class app_refusal { none, no_licence, duplicate, present, not_managed };

/// How installing goes on this Mac, for tests of a server.
struct app_conditions {
    bool no_licence = false;           ///< 9610
    bool fails = false;                ///< downloads fail
    std::optional<duration> step = {}; ///< each step takes this long; nullopt: as it usually does
    bool operator==(const app_conditions&) const = default;
};

class applications {
  public:
    /// What is there in the order it came, without `system_apps`.
    [[nodiscard]] const std::vector<installed_app>& all() const { return installed_; }
    /// Null when it is not installed.
    [[nodiscard]] const installed_app* find(std::string_view identifier) const;

    /// Starts to install. Of what is there already in the same version only the management changes.
    app_refusal install(const app_request& what, time_point now);
    /// A driver's download of a package is over.
    void downloaded(std::string_view identifier, bool good, time_point now);
    /// RemoveApplication: only what MDM manages.
    app_refusal remove(std::string_view identifier);
    /// ManagedApplicationConfiguration through Settings; an empty dictionary removes it.
    app_refusal configure(std::string_view identifier, shared_dict configuration);
    app_refusal delete_feedback(std::string_view identifier);

    // What people do.
    void install_by_user(app_ptr what);
    /// A managed one stays in the list, as uninstalled.
    void remove_by_user(std::string_view identifier);
    void leave_feedback(std::string_view identifier, shared_dict feedback);

    /// What is listed of an application that is on its way.
    struct coming {
        app_ptr what;
        bool installing = true;
        bool failed = false;
        bool managed = false;
    };
    /// On their way and visible already. Observed (F28): the list lags behind the acknowledgement.
    [[nodiscard]] std::vector<coming> on_their_way() const;

    struct managed_app {
        std::string identifier;
        app_status status = app_status::managed;
        std::int64_t flags = 0, external_version = 0;
        bool has_configuration = false, has_feedback = false;
    };
    [[nodiscard]] std::vector<managed_app> managed() const;
    /// Of `only` (null: of all). Schema application.managed.list.yaml: "Failed" and its like are
    /// reported once.
    std::vector<managed_app> report_managed(const std::vector<std::string>* only);

    /// The enrollment has ended: managed ones with flag 1 go, the others stay unmanaged.
    void enrollment_ended();

    app_conditions conditions;

    [[nodiscard]] std::optional<time_point> next_change() const;
    void advance(time_point now, std::vector<happening>& out);

    [[nodiscard]] plist::dict save() const;
    /// `shelf` may be null: nothing is shared then.
    static result<applications> load(const plist::dict& saved, app_shelf* shelf = nullptr);

  private:
    enum class step { queued, downloading, installing };
    struct job {
        app_request what;
        step now_in = step::queued;
        std::optional<time_point> due = {}; ///< nullopt: the driver's download decides
    };
    /// Managed, but not on the disk.
    struct absent {
        app_ptr what;
        app_status status = app_status::failed;
        std::int64_t flags = 0;
        shared_dict configuration = {};
    };
    [[nodiscard]] installed_app* find_installed(std::string_view identifier);
    [[nodiscard]] job* find_job(std::string_view identifier);
    [[nodiscard]] duration length_of(step s, const job& j) const;
    void settle(job& j, time_point at, std::vector<happening>& out);
    void put(const app_request& what);
    void forget_absent(std::string_view identifier);

    std::vector<installed_app> installed_;
    std::vector<job> jobs_;
    std::vector<absent> absent_;
    std::vector<happening> untold_;
};

} // namespace pomona::sim::mac
