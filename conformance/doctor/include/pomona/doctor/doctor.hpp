// Is this target usable, and this machine? What is wrong, where, and how to mend it.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/stack/target.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::doctor {

/// A set-up is never "failed": nothing of what is under test was judged yet.
enum class verdict { ok, warn, problem };
std::string_view to_text(verdict v);

struct finding {
    std::string id; ///< "tls-expired": the same in text, JSON and docs/doctor.md
    doctor::verdict verdict{};
    std::string what;  ///< one line
    std::string where; ///< URL, file:line or path
    std::string mend;  ///< one line; empty for ok
};

struct report {
    std::vector<finding> findings;
    std::vector<std::string> not_examined; ///< what a problem before it kept from being looked at
    [[nodiscard]] doctor::verdict worst() const;
};

/// A target and where its file says what.
struct subject {
    stack::target target;
    std::string file;                 ///< as given; empty: none
    std::map<std::string, int> lines; ///< "api.url" → line
    bool scep_legacy = false;         ///< as `pomona run --scep-legacy`
};

/// Looks at the server in the order names, TCP, TLS, clock, enrollment profile, SCEP, push, API,
/// Apple's other services, and goes on after a problem as far as it can. Asks only for what may be
/// read: no certificate is requested, no command queued, no push sent. (A server that makes a
/// challenge for each enrollment profile makes one.) To be run by world::run.
net::task<report> examine_target(net::world& world, subject what);

/// What a run asks of this machine.
struct machine_plan {
    std::size_t macs = 20;
    bool with_server = true;    ///< the reference server runs in the same process
    std::filesystem::path out;  ///< where the run folder will be
    std::filesystem::path keys; ///< the key pool; empty: the user has no place for one
};
/// Open files, ports, memory, disk, the key pool and the clock.
report examine_machine(const machine_plan& plan);

/// Raises this process's limit of open files to the most that it may have.
void raise_open_files();

} // namespace pomona::doctor
