// Carries a scenario out: works the Macs and the server, watches the trace, and judges.
#pragma once

#include "pomona/scenario/outcome.hpp"
#include "pomona/scenario/scenario.hpp"
#include "pomona/sim/fleet/fleet.hpp"
#include "pomona/targets/adapter.hpp"
#include "pomona/targets/apple_client.hpp"
#include "pomona/trace/recorder.hpp"

#include <functional>
#include <memory>

namespace pomona::scenario {

/// What a run works with; all outlive the runner.
struct session {
    net::world& world;
    trace::recorder& recorder;
    sim::fleet::fleet& fleet;
    targets::adapter& server;
    std::string enroll_url;
    std::string ade_url; ///< empty: the target has none
    std::uint64_t seed =
        1; ///< of the run; decides about faults unless the file has a seed for them
    bool apple_elsewhere = false; ///< the services are another process's: not in this trace
    targets::apple_client* apple = nullptr; ///< null: Apple's services cannot be worked
    std::vector<bytes> server_roots = {};   ///< DER: what the server's TLS chains to
    std::string ade_web_url = {};           ///< the same by web view; empty: the target has none
};

class runner {
  public:
    /// Called as each step ends, for the console.
    using progress = std::function<void(const step_outcome&)>;

    runner(session s, const scenario& what, progress on_step = {});
    ~runner();

    /// Step after step; a failed step blocks those after it. To be run by world::run. The target
    /// has to be probed before.
    net::task<void> run();
    /// After `run`, or after it was cut off (interrupt, write failure): what did not finish is
    /// marked with `reason`. Checks the whole trace and settles the verdict and the exit code (ok
    /// or failed).
    run_outcome conclude(bool strict, std::string_view cut_off = {});

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// Judges all checks named (all of the catalogue when empty) over a trace.
std::vector<check_outcome> judge_trace(const checks::trace_view& view,
                                       const std::vector<std::string>& ids, bool strict);
/// Verdict and exit code (ok or failed) from the steps and checks of `outcome`.
void settle(run_outcome& outcome);

} // namespace pomona::scenario
