// What the steps of one run share: where each Mac stands, and the outcome of the step in hand.
#pragma once

#include "mac_log.hpp"
#include "pomona/faults/injector.hpp"
#include "pomona/scenario/runner.hpp"
#include "predicates.hpp"

namespace pomona::scenario {

class step_context {
  public:
    /// Where a Mac stands in the scenario.
    struct place {
        std::uint64_t cursor = 0; ///< its last match
        std::uint64_t since = 0;  ///< when the last action began
        /// Channels talk at the same time: each that a step looked at alone has its own last match;
        /// the others stand at the last step that looked at the whole Mac.
        std::uint64_t base = 0;
        std::map<std::string, std::uint64_t> by_channel; ///< by UserID; "": the device's
        std::map<std::string, std::string> captures;

        [[nodiscard]] std::uint64_t cursor_of(const std::optional<std::string>& channel) const;
        void move(const std::optional<std::string>& channel, std::uint64_t match);
    };

    explicit step_context(session s);

    /// The Macs of a step, by index.
    [[nodiscard]] std::vector<std::size_t> selected(const step& s) const;
    [[nodiscard]] const std::string& name_of(std::size_t mac) const;
    /// By the Macs' names.
    [[nodiscard]] std::map<std::string, std::string> serials() const;
    /// Of the device channel, or of a user's.
    [[nodiscard]] enrollment_id id_of(std::size_t mac, const std::string& user = {}) const;
    /// The UserID of a short name.
    [[nodiscard]] std::string user_id(std::size_t mac, const std::string& user) const;
    /// Replaces `${mac.…}` and captures of one Mac.
    [[nodiscard]] resolver resolver_for(std::size_t mac) const;
    [[nodiscard]] checks::trace_view view() const;

    /// An action looks at nothing before its own begin.
    void begin_action(const std::vector<std::size_t>& macs);
    void add_failure(mac_failure f);
    void held(std::size_t count = 1) { current->macs_held += count; }
    /// All Macs of a step as one: held, or failed for one reason.
    void settle_all(const result<void>& outcome, std::size_t count);

    session env;
    mac_log log;
    bool asks_apple = false; ///< Macs learn from Apple Business Manager what they are assigned to
    std::vector<place> places;
    std::optional<step_outcome> current;      ///< set while a step runs
    std::shared_ptr<faults::injector> faults; ///< of the run; its rules look at this context

  private:
    [[nodiscard]] std::optional<std::string> variable(std::size_t mac,
                                                      const std::string& name) const;
};

} // namespace pomona::scenario
