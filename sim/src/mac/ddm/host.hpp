// What the engine knows of the Mac around it, and what it may do there.
#pragma once

#include "mac/machine/os_updates.hpp"
#include "pomona/foundation/bytes.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <nlohmann/json_fwd.hpp>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::sim::mac {

/// Where the declarations are to work: what the schema's availability depends on.
struct ddm_scope {
    std::string os_version; ///< "15.1"
    bool user_channel = false;
    bool supervised = true;
    bool user_enrollment = false;
    bool operator==(const ddm_scope&) const = default;
};

/// One channel of a Mac. Called on its thread only; outlives its engine.
class ddm_host {
  public:
    ddm_host() = default;
    ddm_host(const ddm_host&) = delete;
    ddm_host& operator=(const ddm_host&) = delete;
    virtual ~ddm_host() = default;

    [[nodiscard]] virtual time_point now() const = 0;
    [[nodiscard]] virtual ddm_scope scope() const = 0;
    [[nodiscard]] virtual const crypto::context& crypto() const = 0;
    /// A status item whose value comes from the machine; nullopt: it has none. Whether the schema
    /// lets this channel have it is the engine's business.
    [[nodiscard]] virtual std::optional<nlohmann::json> status(std::string_view item) const = 0;

    /// A profile of a legacy configuration; replaces one of the same identifier. Gives its
    /// PayloadIdentifier, or why it was refused.
    virtual std::expected<std::string, std::string> install_profile(bytes_view document) = 0;
    virtual void remove_profile(const std::string& identifier) = 0;
    /// softwareupdate.enforcement.specific: the whole set, whenever it has changed.
    virtual void enforce_updates(std::vector<update_enforcement> all) = 0;
    /// The effective settings of a combined or single type have changed; null: there are none any
    /// more.
    virtual void use_settings(std::string_view type, const nlohmann::json& effective) = 0;
    /// What was applied and un-applied, by identifier: for the trace.
    virtual void note_applied(const std::vector<std::string>& applied,
                              const std::vector<std::string>& removed) = 0;
};

} // namespace pomona::sim::mac
