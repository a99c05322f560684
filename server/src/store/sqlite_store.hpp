// The store in an SQLite database: a file, or in memory.
#pragma once

#include "pomona/net/world.hpp"
#include "pomona/server/defects.hpp"
#include "store/store.hpp"

#include <memory>
#include <string>

namespace pomona::server {

/// `path` is a file (made with mode 0600) or ":memory:".
result<std::unique_ptr<store>> open_sqlite_store(net::world& w, const std::string& path,
                                                 defects bugs = {});

} // namespace pomona::server
