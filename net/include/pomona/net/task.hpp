// The coroutine type of every driver.
#pragma once

#include <coroutine>
// <coroutine> first: Asio's header needs it.
#include <boost/asio/awaitable.hpp>

namespace pomona::net {

/// A coroutine on a world's executor. Started by world::spawn or by co_await, on that world only.
template <class T = void>
using task = boost::asio::awaitable<T>;

} // namespace pomona::net
