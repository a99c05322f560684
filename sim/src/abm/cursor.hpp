// Positions in a server's list that a client carries: opaque text for it, all the state there is
// for the service (so an old one replays, ABM-050).
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pomona::sim::abm {

enum class cursor_kind : std::uint8_t { fetch = 'f', sync = 's' };

struct cursor {
    cursor_kind kind{};
    std::string server;      ///< whose it is
    std::uint64_t after = 0; ///< everything up to here was given out
    std::uint64_t until = 0; ///< fetch: where the list ends; what came later is for sync
    time_point issued;

    [[nodiscard]] bool is_exhausted() const { return kind == cursor_kind::fetch && after >= until; }
};

/// `key` keeps anybody else from making one.
std::string write_cursor(const cursor& c, bytes_view key);
/// Nullopt for anything that `write_cursor` did not make with this key.
std::optional<cursor> read_cursor(std::string_view text, bytes_view key);

} // namespace pomona::sim::abm
