// What every connection of a real world shares: the executor, the waiters, and the register of what
// is open.
#pragma once

#include "pomona/net/task.hpp"
#include "real/waiters.hpp"

#include <boost/asio/io_context.hpp>

#include <unordered_set>

namespace pomona::net::real {

class closable {
  public:
    virtual void close_now() = 0;

  protected:
    ~closable() = default;
};

/// Three quarters of RLIMIT_NOFILE.
std::size_t accepted_limit();

/// Held by shared pointer: a connection that outlives its world still finds the services its socket
/// belongs to.
struct io_loop {
    boost::asio::io_context context{1};
    waiters timers{context};
    std::unordered_set<closable*> open;
    /// Connections that listeners hold, and how many they may: well below what the process may
    /// open, so that files, clients and the other listeners still find a descriptor.
    std::size_t accepted = 0;
    std::size_t most_accepted = 0; ///< since memory was given back
    std::size_t max_accepted = accepted_limit();
    /// Set by shutdown: a task that resumes from an I/O wait is then destroyed instead of carrying
    /// on.
    bool stopping = false;
};

/// Never resumes: destroys the calling task, up to its first frame.
task<void> abandon();

} // namespace pomona::net::real
