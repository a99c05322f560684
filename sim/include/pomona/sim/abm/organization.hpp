// What Apple Business Manager knows of an organisation: its devices, its MDM servers, which device
// belongs to which server, and the log of every change that a server may ask for.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/foundation/time.hpp"
#include "pomona/protocol/abm/server_token.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::abm {

/// Apple, "Device": profile_status.
enum class profile_status { empty, assigned, pushed, removed };
std::string_view to_text(profile_status s);

/// One device as it stands. Never changed: a change makes another one, so that the log keeps what
/// it told.
struct device_record {
    serial_number serial; ///< as it was added; compared without case
    std::string model = "MacBook Air";
    std::string description;
    std::string color = "SILVER";
    std::string asset_tag; ///< empty: none
    std::string family = "Mac";
    std::string os = "OSX";
    std::string product_type; ///< "Mac14,2"; the business API's productType
    time_point added;         ///< to the organisation
    std::string server;       ///< its id; empty: unassigned
    std::string assigned_by;
    time_point assigned;
    abm::profile_status status = profile_status::empty;
    std::string profile; ///< its uuid; empty: none
    std::optional<time_point> profile_assigned, profile_pushed;
    std::optional<time_point> migration_deadline;
    bool is_replacement = false;
    std::string activation_lock_key; ///< hex; empty: not locked by the organisation
    bool activation_locked = false;
    std::vector<time_point> assignments;       ///< of profiles, within the last day
    std::optional<time_point> throttled_until; ///< no assignment until then
};
using device_ptr = std::shared_ptr<const device_record>;

enum class operation { added, modified, deleted };
std::string_view to_text(operation o);

/// A line of a server's log. Positions rise over the whole organisation.
struct change {
    std::uint64_t position = 0;
    operation what{};
    time_point made;
    /// What clients see as op_date: of one device each a second later than the one before at least,
    /// since clients take the newest for the device's state (ABM-048, ABM-056).
    time_point date;
    device_ptr device;
};

/// An entry "MDM server" of the portal.
struct server_entry {
    std::string id; ///< 32 hex digits, upper case
    std::string name;
    std::optional<crypto::certificate> certificate; ///< what its tokens are encrypted for
    std::optional<pomona::abm::server_token> token; ///< the one in force
    time_point created, updated;
    bool may_disown = true;
    std::string discovery_url; ///< account-driven enrollment; empty: none
    std::optional<time_point> discovery_updated;
    std::map<std::uint64_t, device_ptr> devices; ///< by the position of the last operation
    std::vector<change> log;                     ///< of the last 7 days at least
    std::map<std::string, std::string> profiles; ///< JSON as defined, by uuid
};

/// What the organisation says of itself (Apple, "Account Detail").
struct organisation_details {
    std::string name = "Pomona Test Organization";
    std::string email = "admin@example.org";
    std::string phone = "+1 555 0100";
    std::string address = "1 Orchard Road, Example City";
    std::string id = "100001";
    std::string type = "org";
    std::string version = "v2";
    std::string admin = "admin@example.org";
};

/// How long a position may be asked for (Apple, "Sync the List of Devices": 7 days).
inline constexpr duration cursor_lifetime = std::chrono::days{7};

/// Values only: no clock, no randomness. One thread.
class organization {
  public:
    organisation_details details;
    bool terms_accepted = true;
    bool has_apple_seed = true;
    /// May lock devices and enroll by account; false: ORG_NOT_SUPPORTED.
    bool is_supported = true;

    /// Null for an id that is not there. Pointers hold until the entry is removed.
    server_entry* find_server(std::string_view id);
    [[nodiscard]] const server_entry* find_server(std::string_view id) const;
    server_entry* server_with_consumer_key(std::string_view key);
    [[nodiscard]] std::vector<const server_entry*> servers() const; ///< by id
    /// Null when there is one of that id.
    server_entry* add_server(std::string id, std::string name, time_point now);
    /// Its devices are unassigned. False: no such server.
    bool remove_server(std::string_view id, time_point now);

    /// False: a device of that serial is there already.
    bool add_device(device_record what, time_point now);
    [[nodiscard]] device_ptr find_device(std::string_view serial) const;
    /// All, by serial; from `after` on (exclusive, empty: from the first).
    [[nodiscard]] std::vector<device_ptr> devices(std::string_view after, std::size_t most) const;
    [[nodiscard]] std::size_t device_count() const { return devices_.size(); }

    /// To another server, or to none (empty): "deleted" there, "added" here. False: no such device
    /// or server, or it is there already. The profile of the old server is gone.
    bool assign(std::string_view serial, std::string_view server, std::string_view by,
                time_point now);
    /// Out of the organisation for good. False: no such device.
    bool release(std::string_view serial, time_point now);
    /// Any other change: "modified" for its server. `edit` gets a copy. False: no such device.
    template <class Edit>
    bool modify(std::string_view serial, time_point now, Edit edit) {
        const auto old = find_device(serial);
        if (!old) {
            return false;
        }
        auto changed = *old;
        edit(changed);
        replace(std::move(changed), now);
        return true;
    }

    /// What no server is told of. False: no such device.
    template <class Edit>
    bool modify_silently(std::string_view serial, Edit edit) {
        const auto old = find_device(serial);
        if (!old) {
            return false;
        }
        auto changed = *old;
        edit(changed);
        put_back(std::move(changed));
        return true;
    }

    [[nodiscard]] std::uint64_t last_position() const { return last_; }

  private:
    struct entry {
        device_ptr device;
        std::uint64_t position = 0; ///< in its server's `devices`
        time_point last_operation;  ///< as `change::date`
    };
    void replace(device_record changed, time_point now);
    void put_back(device_record changed);
    void log(server_entry& server, operation what, entry& of, time_point now);

    std::map<std::string, entry, std::less<>> devices_; ///< by serial in upper case
    std::map<std::string, server_entry, std::less<>> servers_;
    std::uint64_t last_ = 0;
};

} // namespace pomona::sim::abm
