// How a disturbed exchange is carried by the worlds' own connections: what they are to do on the
// wire, and who tells the observer.
#pragma once

#include "pomona/net/fault.hpp"

#include <optional>
#include <string>

namespace pomona::net {

/// Travels in the annotation of a disturbed exchange. With it the connection tells the observer of
/// the request only; the answer or failure is told by the one who disturbs, who knows what the
/// client is to see.
struct exchange_tap {
    std::optional<wire_fault> wire;
    std::optional<bytes> meant; ///< the body as the client meant it, when another one is sent
    bool silent = false;        ///< a copy: not even the request is told
    // Filled in by the connection:
    exchange_context where;  ///< with the exchange's id; the request's event is its cause
    bool told = false;       ///< the request was sent
    bool wire_done = false;  ///< the wire fault took effect
    std::string wire_missed; ///< or why not
};

/// The wire fault of an exchange; null when there is none.
inline const wire_fault* wire_fault_of(const annotation& note) {
    return note.tap && note.tap->wire ? &*note.tap->wire : nullptr;
}

} // namespace pomona::net
