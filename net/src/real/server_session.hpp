// What every connection of a listener works with, and the two protocols that serve it.
#pragma once

#include "exchange_log.hpp"
#include "pomona/net/listener.hpp"
#include "pomona/net/world.hpp"
#include "real/budgets.hpp"
#include "real/refusal_log.hpp"
#include "real/socket_stream.hpp"

#include <unordered_set>

namespace pomona::net::real {

/// A session that can be asked to end with what it is answering (listener::drain).
class drainable {
  public:
    virtual void drain() = 0;

  protected:
    ~drainable() = default;
};

/// The sessions of a listener, and whether it is draining.
struct drain_state {
    std::unordered_set<drainable*> sessions;
    bool begun = false;
};

/// A session's place in it.
class drain_membership {
  public:
    drain_membership(std::shared_ptr<drain_state> all, drainable* who)
        : all_{std::move(all)}, who_{who} {
        all_->sessions.insert(who_);
    }
    drain_membership(const drain_membership&) = delete;
    drain_membership& operator=(const drain_membership&) = delete;
    ~drain_membership() { all_->sessions.erase(who_); }

  private:
    std::shared_ptr<drain_state> all_;
    drainable* who_;
};

struct server_setup {
    world& owner;
    std::shared_ptr<io_loop> loop;
    std::shared_ptr<socket_stream> stream;
    std::shared_ptr<const connection_info> info;
    std::shared_ptr<const listen_options> options;
    std::shared_ptr<const handler> on_request;
    endpoint client;
    std::shared_ptr<drain_state> draining;
    std::shared_ptr<refusal_log> refusals;
    std::shared_ptr<byte_budget> budget;
    /// To be called when a whole request has come; not after serve_h1 or serve_h2 is over.
    std::function<void()> on_first_request;

    void note(refusal kind, std::string_view what, unsigned status = 0) const {
        refusals->note(owner.now(), kind, client, what, status);
    }
};

/// Serve until the connection ends; `input` is what has been read of it already.
task<void> serve_h1(server_setup setup, bytes input);
task<void> serve_h2(server_setup setup, bytes input);

/// Runs the handler; an escaping exception becomes a 500.
task<reply> call_handler(std::shared_ptr<const handler> on_request, incoming what);
/// A status from 400 on is told to the operator.
void note_answer(const server_setup& setup, const request& to, const response& answer);
/// The answer to a request that is beyond a limit; `later`: trying again may help.
response refusal_answer(unsigned status, bool later = false);
/// The client has gone: closes the queue and tells its maker.
void client_gone(message_queue& queue);

} // namespace pomona::net::real
