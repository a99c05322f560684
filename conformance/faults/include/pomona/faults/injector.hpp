// Carries rules out: decides which exchanges of which Macs a fault acts on, keeps to the budgets,
// marks what was done in the trace and counts it.
#pragma once

#include "pomona/faults/catalogue.hpp"
#include "pomona/trace/recorder.hpp"

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pomona::faults {

inline constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

struct rule {
    const fault* what = nullptr;
    settings with{{}};
    std::string where; ///< "file:line", its name in the trace and in the outcome
    /// Whether the fault acts on this message of a Mac: a request about to be sent or, with
    /// `on_answer`, an answer that has come (both as events without a number). Null: on any.
    std::function<bool(const trace::event&)> on;
    bool on_answer = false;
    std::string on_text; ///< `on` in words; with the fault's id it is what draws are made for
    std::set<std::string> macs;       ///< actors; empty: all
    double probability = 1;           ///< of each message that fits
    std::size_t times = unlimited;    ///< at most so often a Mac
    std::size_t in_total = unlimited; ///< at most so often, all Macs together
};

struct budget {
    std::size_t run = 1000;        ///< at most so many faults in all
    std::size_t a_mac = unlimited; ///< and of one Mac
};

/// What came of one rule.
struct tally {
    std::string fault, where;
    std::size_t matched = 0;                   ///< messages that it was meant for
    std::size_t injected = 0;                  ///< times it took effect
    std::map<std::string, std::size_t> missed; ///< why it did not, and how often
    bool operator==(const tally&) const = default;
};

/// On the world's thread. The world and the recorder outlive the world's run.
class injector final : public net::fault_injector {
  public:
    injector(net::world& w, trace::recorder& to, std::uint64_t seed, budget limits)
        : world_{&w}, recorder_{&to}, seed_{seed}, budget_{limits} {}

    /// In force from now on. Of several that fit one message the first acts.
    void add(rule r);
    /// No rule acts any more; tallies stay.
    void stop();
    [[nodiscard]] const std::vector<tally>& tallies() const { return tallies_; }
    [[nodiscard]] std::size_t injected() const;

    bool watches(const net::annotation& opened_by) override;
    net::disturbance_ptr plan(const net::exchange_context& where,
                              const net::request& what) override;
    net::disturbance_ptr plan_answer(const net::exchange_context& where, const net::request& to,
                                     const net::response& what) override;
    std::uint64_t applied(const net::disturbance& what, const net::exchange_context& where,
                          const net::request& of, const net::response* original) override;
    void missed(const net::disturbance& what, const net::exchange_context& where,
                std::string why) override;

  private:
    struct count {
        std::uint64_t matched = 0; ///< messages of one Mac that fitted one rule
        std::size_t used = 0;      ///< planned and not missed
    };
    net::disturbance_ptr choose(const trace::event& e, bool answer);
    [[nodiscard]] bool affordable(std::size_t rule, const std::string& mac) const;

    net::world* world_;
    trace::recorder* recorder_;
    std::uint64_t seed_;
    budget budget_;
    std::vector<rule> rules_;
    std::vector<std::string> keys_; ///< of the rules' draws
    std::vector<bool> active_;
    std::vector<tally> tallies_;
    std::vector<std::size_t> used_; ///< by rule
    std::size_t used_in_all_ = 0;
    std::map<std::string, std::size_t, std::less<>> used_by_mac_;
    std::map<std::pair<std::size_t, std::string>, count> counts_;
};

} // namespace pomona::faults
