// Reading one mapping with known keys: what is missing, unknown or of the wrong kind becomes a
// problem.
#pragma once

#include "pomona/scenario/parse.hpp"

#include <set>

namespace pomona::scenario {

/// Everything that parsing one file shares.
struct parse_state {
    const parse_options* options = nullptr;
    std::string file;
    std::string_view text;
    std::map<std::string, std::string> vars;
    std::set<std::string> captured; ///< names that earlier steps capture
    std::vector<problem> problems;
    std::map<std::string, std::string> other_files; ///< texts of other files with problems

    void report(location where, std::string message, std::string suggestion = {});
    /// `${name}` of vars replaced; `${mac.…}` and captures stay for the run; anything else is a
    /// problem.
    std::string substitute(const std::string& raw, const location& where);
};

class reader {
  public:
    /// `what` names the mapping in messages: "a step", "the file".
    reader(parse_state& state, const yaml::node& map, std::string what);

    /// Each key is known from the first asking on; null when absent.
    const yaml::node* take(std::string_view key);
    std::optional<std::string> text(std::string_view key);
    std::string required_text(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
    std::optional<bool> boolean(std::string_view key);
    std::optional<duration> length(std::string_view key);
    std::vector<std::string> texts(std::string_view key);
    /// Reports every key that nobody took. Call once, last.
    void finish();

  private:
    parse_state* state_;
    const yaml::node* map_;
    std::string what_;
    std::vector<std::string_view> known_;
};

/// A scalar's text with variables replaced; a problem when it is not a scalar.
std::optional<std::string> scalar_text(parse_state& state, const yaml::node& n,
                                       std::string_view what);
std::optional<duration> read_duration(parse_state& state, const yaml::node& n);
std::optional<time_limit> read_time_limit(parse_state& state, const yaml::node& n);

// values.cpp
/// YAML as a property list: plain true/false, integers and numbers are typed, `file:PATH` is the
/// file's bytes.
std::optional<plist::value> read_plist(parse_state& state, const yaml::node& n);
/// YAML as JSON text.
std::optional<std::string> read_json(parse_state& state, const yaml::node& n);

// parse_expect.cpp
/// `capture: {variable: path}`; the names are known to later steps.
std::map<std::string, std::string> read_capture(parse_state& state, reader& r);
expect_step read_expect(parse_state& state, const yaml::node& value, reader& r);

// parse_faults.cpp
/// The top level's `faults`.
fault_plan read_faults(parse_state& state, const yaml::node& n,
                       const std::vector<mac_group>& groups);
/// `macs`: the step's. The modifiers are taken from `r`.
std::optional<fault_step> read_fault_step(parse_state& state, const yaml::node& value, reader& r,
                                          const std::string& macs);

// parse_state.cpp
/// The value of `set`, and of a group's `state`; `what` names it in messages.
mac_state read_state(parse_state& state, const yaml::node& value, const std::string& what);
/// The value of `lifecycle` and its modifiers. A clone makes a group of its own.
lifecycle_step read_lifecycle(parse_state& state, const yaml::node& value, reader& r,
                              const std::string& macs, std::vector<mac_group>& groups);
/// `outcome: refused at STAGE`; empty: it is to come about.
std::string read_outcome(parse_state& state, reader& r);
// parse_trials.cpp
/// The keys `updates`, `apps` and `erase_obstacle` of `set`.
sim::mac::trials read_trials(parse_state& state, reader& r);

// parse_people.cpp
/// A group's `users`: short names, or {name, kind, password}.
std::vector<sim::mac::account_order> read_users(parse_state& state, reader& r,
                                                const yaml::node& group);
/// A group's `identity`, `retry`, `scep` and `machine_info`.
sim::mac::manner read_manner(parse_state& state, reader& r, const yaml::node& group);
users_step read_server_users(parse_state& state, const yaml::node& value, reader& r);
std::optional<ca_step> read_ca(parse_state& state, const yaml::node& value);

// parse_apple.cpp
std::optional<abm_step> read_abm(parse_state& state, const yaml::node& value, reader& r);
std::optional<apns_step> read_apns(parse_state& state, const yaml::node& value, reader& r);

// parse_idp.cpp
/// `sign_in: {user, password}`; nullopt when absent.
std::optional<sim::mac::sign_in> read_sign_in(parse_state& state, reader& r);
std::optional<idp_step> read_idp(parse_state& state, const yaml::node& value, reader& r);

// parse_steps.cpp
/// A step may add to the groups (clones).
std::optional<step> read_step(parse_state& state, const yaml::node& n,
                              std::vector<mac_group>& groups);

} // namespace pomona::scenario
