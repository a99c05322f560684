// Persistent Macs on disk: one SQLite file, one row a Mac.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/sqlite.hpp"
#include "pomona/stack/key_pool.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pomona::stack {

/// What a Mac needs to reach its server beside what its profile says.
struct mac_link {
    std::string enroll_url; ///< where its profile came from; empty: a file
    std::string trust;      ///< PEM: roots that it trusts before any profile is installed
    std::string push_host;  ///< empty: no push service, it has to be poked
    std::uint16_t push_port = 0;
    std::string push_trust; ///< PEM
    bool operator==(const mac_link&) const = default;
};

struct kept_mac {
    std::string name;
    mac_link link;
    bytes snapshot; ///< sim::mac::mac::save as a binary property list; holds secrets
};

/// The file has mode 0600 and its new folders 0700. A change is on disk when its call returns.
class mac_store {
  public:
    enum class access {
        read, ///< beside a process that writes
        write ///< one process at a time: errc::in_use otherwise
    };
    /// $XDG_DATA_HOME/pomona/macs.db, or ~/.local/share/pomona/macs.db; empty when neither
    /// variable is set.
    static std::filesystem::path default_file();

    /// Makes what is missing, but for reading: then a file that is not there holds no Mac. Errors:
    /// in_use, cannot_write, damaged, and those of SQLite.
    static result<mac_store> open(const std::filesystem::path& file, access how);
    mac_store(mac_store&& other) noexcept;
    mac_store& operator=(mac_store&&) = delete;
    ~mac_store();

    [[nodiscard]] result<std::vector<kept_mac>> all(); ///< in order of their names
    [[nodiscard]] result<std::optional<kept_mac>> find(const std::string& name);
    /// Adds it, or replaces what was kept under its name.
    result<void> put(const kept_mac& m);
    /// Several in one transaction.
    result<void> put(const std::vector<kept_mac>& all);
    result<bool> remove(const std::string& name); ///< false: there is none

  private:
    mac_store(std::optional<sqlite::database> db, int lock) : db_{std::move(db)}, lock_{lock} {}
    std::optional<sqlite::database> db_; ///< nullopt: the file is not there
    int lock_ = -1;
};

} // namespace pomona::stack
