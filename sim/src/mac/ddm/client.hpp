// Declarative management of one channel: the engine, what it knows of its Mac, and the drivers that
// carry its requests.
#pragma once

#include "mac/ddm/engine.hpp"
#include "mac/ddm/host.hpp"
#include "pomona/net/world.hpp"

#include <cstdint>
#include <memory>

namespace pomona::sim::mac {

struct channel;
class mdm_client;
using channel_ptr = std::shared_ptr<channel>;

/// What the engine may do to the channel's Mac.
class channel_host final : public ddm_host {
  public:
    explicit channel_host(channel& of) : of_{&of} {}

    [[nodiscard]] time_point now() const override;
    [[nodiscard]] ddm_scope scope() const override;
    [[nodiscard]] const crypto::context& crypto() const override;
    [[nodiscard]] std::optional<nlohmann::json> status(std::string_view item) const override;
    std::expected<std::string, std::string> install_profile(bytes_view document) override;
    void remove_profile(const std::string& identifier) override;
    void enforce_updates(std::vector<update_enforcement> all) override;
    void use_settings(std::string_view type, const nlohmann::json& effective) override;
    void note_applied(const std::vector<std::string>& applied,
                      const std::vector<std::string>& removed) override;

    std::uint64_t cause = 0; ///< the event that leads to what is done

  private:
    channel* of_;
};

/// From the first DeclarativeManagement command to the end of the enrollment.
struct ddm_client {
    explicit ddm_client(channel& of);

    channel_host host;
    ddm_engine engine;
    bool busy = false;         ///< a conversation is under way
    bool look_due = false;     ///< something has changed
    bool look_pending = false; ///< and a task will look at it
    net::signal idle;          ///< `busy` has ended
    std::uint64_t alarm = 0;   ///< the newest alarm's number: older ones are off
    time_point alarm_at = net::never;
};

/// Declarative management after the command was acknowledged.
net::task<void> synchronise(channel_ptr self, std::shared_ptr<mdm_client> client,
                            std::optional<bytes> tokens, std::uint64_t cause);
/// What a channel remembers of declarative management; empty before it was switched on.
plist::dict save_declarations(const channel& c);
/// Puts it back, on a channel of an enrolled Mac without any; of an empty dictionary nothing.
result<void> load_declarations(channel& c, const plist::dict& saved);
/// Something on the Mac has changed that predicates or status items may tell of, or the Mac is
/// reachable again: declarations are looked at a little later. Without declarative management,
/// nothing.
void look_at_declarations(channel& c, std::uint64_t cause);

} // namespace pomona::sim::mac
