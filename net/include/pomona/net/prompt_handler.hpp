// A handler that knows most of its answers without waiting for anything.
#pragma once

#include "pomona/net/listener.hpp"

#include <functional>
#include <optional>

namespace pomona::net {

/// Given to a listener as its handler. HTTP/2 of the real world, when nobody observes, asks
/// `at_once` while it reads, which spares each such answer a task; everywhere else it is a handler
/// like any other.
struct prompt_handler {
    /// On the world's thread, between two frames of the connection: must be quick and must not
    /// throw. The answer is whole and has an end. nullopt: `otherwise` answers, and `what` is as it
    /// was.
    std::function<std::optional<reply>(incoming& what)> at_once;
    handler otherwise;

    task<reply> operator()(incoming what) const {
        auto answer = at_once(what);
        return answer ? ready(*std::move(answer)) : otherwise(std::move(what));
    }

    static task<reply> ready(reply answer) { co_return answer; }
};

} // namespace pomona::net
