// Disturbances of single exchanges: what an injector may have a world do at its boundary. Which
// exchange is disturbed, and why, is the injector's; here is only what can be done to one.
#pragma once

#include "pomona/net/observer.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pomona::net {

/// What happens on the socket: the real world only.
struct wire_fault {
    enum class what {
        rechunk,       ///< HTTP/1.1: chunked, `bytes` octets a chunk; HTTP/2: as many a DATA frame
        slow_bytes,    ///< `bytes` octets, then `pause`, until all are sent
        truncate_body, ///< the connection is closed after `percent` of the body
        tls_alert,     ///< a fatal alert in place of the request, then the end
        rst_stream,    ///< HTTP/2: the request's stream is reset with `code` once it is sent
        goaway,        ///< HTTP/2: GOAWAY with `code` behind the request, which is still answered
        reset          ///< TCP RST once the request is sent
    };
    what kind{};
    std::size_t bytes = 1;
    duration pause{};
    unsigned percent = 50;
    std::uint32_t code = 0; ///< RFC 9113 section 7
};

/// What is to be done to one exchange.
struct disturbance {
    enum class what {
        refuse,            ///< the connection is refused; nothing is sent
        delay_request,     ///< sent `delay` later
        drop_request,      ///< sent, and never arrives
        duplicate_request, ///< sent twice; the second answer is dropped
        alter_request,     ///< arrives as `alter` leaves its body
        answer_instead,    ///< `answer` comes in place of the peer's
        delay_answer,      ///< arrives `delay` later
        drop_answer,       ///< the peer has processed the request, its answer is lost
        alter_answer,      ///< arrives as `alter` leaves its body
        wire               ///< `wire`
    };
    what kind{};
    duration delay{};
    /// How a drop shows: reset at once, or timeout at the deadline.
    transport_failure lost_as = transport_failure::reset;
    /// Changes a body; false when there is nothing to change.
    std::function<bool(bytes&)> alter;
    response answer;
    bool processed = false; ///< answer_instead: the peer gets the request all the same
    wire_fault wire;
    std::size_t rule = 0; ///< the injector's own mark
};
using disturbance_ptr = std::shared_ptr<const disturbance>;

/// Decides which exchanges are disturbed, and is told what came of it. On the world's thread.
class fault_injector {
  public:
    virtual ~fault_injector() = default;

    /// Whether exchanges of this connection are of interest at all.
    virtual bool watches(const annotation& opened_by) = 0;
    /// Asked once for each exchange before anything is sent; null: as it is. `where` has no id yet.
    virtual disturbance_ptr plan(const exchange_context& where, const request& what) = 0;
    /// Asked when the answer to an undisturbed exchange has come: one of delay_answer, drop_answer
    /// and alter_answer, or null.
    virtual disturbance_ptr plan_answer(const exchange_context& where, const request& to,
                                        const response& what) = 0;
    /// It took effect. `where.note.cause` is the event of the request, 0 when there was none. `of`
    /// as it arrived; `original`: what the peer answered and the client did not get so (for
    /// duplicate_request: the second answer); null when there was none. Returns the event's number.
    virtual std::uint64_t applied(const disturbance& what, const exchange_context& where,
                                  const request& of, const response* original) = 0;
    /// It could not: `why`.
    virtual void missed(const disturbance& what, const exchange_context& where,
                        std::string why) = 0;
};

} // namespace pomona::net
