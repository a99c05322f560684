// `pomona mac`: what its verbs share.
#pragma once

#include "command.hpp"
#include "interrupts.hpp"
#include "pomona/stack/mac_host.hpp"
#include "settings.hpp"

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::cli::macs {

/// One verb of `pomona mac`.
struct verb {
    std::string_view name;
    std::string operands; ///< "NAME [USER]"
    std::string_view summary;
    std::string_view example; ///< after "pomona mac "
    std::vector<option> (*options)();
    exit_code (*run)(const settings&);
};
std::vector<verb> store_verbs();  ///< mac_show.cpp: create, list, show, delete
std::vector<verb> enroll_verbs(); ///< mac_enroll.cpp
std::vector<verb> action_verbs(); ///< mac_actions.cpp: what is done to Macs by hand
std::vector<verb> online_verbs(); ///< mac_online.cpp: online, shell

std::vector<option> no_options();

/// --store, or where it is by default; an error was complained about.
std::expected<std::filesystem::path, exit_code> store_file(const settings& s);
/// What went wrong with the store, and the exit code for it.
exit_code store_trouble(const error& why);
/// "there is no Mac …", with the name that is near.
exit_code no_such_mac(const std::string& name, const std::vector<std::string>& names);

/// The Macs of a store at work, until a signal comes.
class work {
  public:
    static std::expected<std::unique_ptr<work>, exit_code> open(const settings& s);

    [[nodiscard]] stack::mac_host& host() { return *host_; }
    /// Loads those that are named from operand `first` on, or all with --all.
    std::expected<std::vector<sim::mac::mac*>, exit_code> select(const settings& s,
                                                                 std::size_t first);
    std::expected<sim::mac::mac*, exit_code> load(const std::string& name);
    /// `done` when it ran to its end; otherwise the signal's code, or internal with a complaint.
    exit_code run(net::task<void> main, exit_code done);
    /// Until none of them has anything under way; false at the deadline.
    static net::task<bool> settle(net::world* w, std::vector<sim::mac::mac*> macs,
                                  duration at_most);

  private:
    work() = default;
    std::unique_ptr<stack::mac_host> host_;
    std::atomic<stack::mac_host*> running_{nullptr};
    std::unique_ptr<interrupts> signals_; // last: its thread is gone before what it could touch
};

/// What somebody does to a Mac.
struct failure {
    exit_code code = exit_code::failed;
    std::string what, how;
};
using action_result = std::expected<std::string, failure>; ///< a sentence: what is so now
struct action {
    std::string_view name, operands, summary;
    net::task<action_result> (*run)(stack::mac_host* host, sim::mac::mac* m, arguments args);
};
/// poke, lock, unlock, login, …: as verbs of the command and as words of the shell.
std::span<const action> actions();

/// "enrolled, alice at the screen".
std::string standing_of(const sim::mac::mac& m);
/// The lines of `show`, from what is kept of a Mac.
std::string describe(const stack::kept_mac& m);
nlohmann::ordered_json describe_json(const stack::kept_mac& m);

/// One line of what a Mac does, as `online` and the shell show it; empty: of no interest.
std::string line_of(const trace::event& e, bool json);

} // namespace pomona::cli::macs
