// One `expect` step without I/O: it is shown each Mac's events and says who is satisfied, who
// failed, and when to look again.
#pragma once

#include "mac_log.hpp"
#include "pomona/scenario/outcome.hpp"
#include "predicates.hpp"

#include <optional>

namespace pomona::scenario {

class expect_watch {
  public:
    struct subject {
        std::string mac;
        std::uint64_t cursor = 0; ///< look at events after this one
        std::uint64_t since = 0;  ///< causes of time limits are looked for after this one
        resolver resolve;
        /// The channel whose events count: a UserID, or "" for the device's; nullopt: all.
        std::optional<std::string> channel = std::nullopt;
        std::string name = {}; ///< for messages, when not the Mac's
    };
    struct settled {
        bool ok = false;
        std::uint64_t match = 0; ///< the last match, for the cursor
        mac_failure why;
        const trace::event* matched = nullptr;
    };

    expect_watch(const expect_step& what, subject who, time_point began);

    /// Takes in what is new. After it is settled it must not be called again.
    std::optional<settled> look(mac_log& log, const trace::recorder& recorder, time_point now);
    /// When `look` has to be called at the latest, if nothing is recorded before.
    [[nodiscard]] time_point deadline() const;
    [[nodiscard]] const std::string& mac() const {
        return who_.name.empty() ? who_.mac : who_.name;
    }

  private:
    void note_causes(mac_log& log);
    [[nodiscard]] bool is_of_channel(const trace::event& e) const {
        return !who_.channel || *who_.channel == e.user;
    }
    std::optional<settled> take(const trace::event& e, mac_log& log,
                                const trace::recorder& recorder);
    [[nodiscard]] const time_limit& limit() const;
    [[nodiscard]] settled fail(std::string reason) const;
    [[nodiscard]] std::string resolved_name() const;

    const expect_step* what_;
    subject who_;
    time_point began_;
    std::size_t looked_ = 0; ///< index into the Mac's events
    std::size_t causes_looked_ = 0;
    std::optional<time_point> cause_;
    std::size_t matches_ = 0;
    std::uint64_t last_match_ = 0;
    const trace::event* matched_ = nullptr;
    std::optional<mismatch> near_miss_;
    std::uint64_t near_miss_event_ = 0;
    const trace::event* last_seen_ = nullptr;
};

} // namespace pomona::scenario
