#include "pomona/stack/mac_store.hpp"

#include "pomona/protocol/plist/codec.hpp"
#include "private_file.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace pomona::stack {
namespace {

constexpr std::int64_t store_version = 1;

plist::dict to_dict(const mac_link& l) {
    return {{"EnrollURL", l.enroll_url},
            {"Trust", l.trust},
            {"PushHost", l.push_host},
            {"PushPort", std::int64_t{l.push_port}},
            {"PushTrust", l.push_trust}};
}

result<mac_link> read_link(bytes_view data) {
    const auto d = plist::parse_dict(data);
    if (!d) {
        return std::unexpected{d.error()};
    }
    const auto text = [&](std::string_view key) {
        const auto* found = d->string(key);
        return found == nullptr ? std::string{} : *found;
    };
    const auto* port = d->integer("PushPort");
    return mac_link{.enroll_url = text("EnrollURL"),
                    .trust = text("Trust"),
                    .push_host = text("PushHost"),
                    .push_port = static_cast<std::uint16_t>(port == nullptr ? 0 : *port),
                    .push_trust = text("PushTrust")};
}

/// Held as long as the descriptor is open; a process that ends gives it back.
result<int> lock(const std::filesystem::path& file) {
    const auto path = file.string() + ".lock";
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        return fail(errc::cannot_write, path);
    }
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor);
        return fail(errc::in_use, file.string());
    }
    return descriptor;
}

result<void> prepare(sqlite::database& db, const std::string& file) {
    auto version = db.prepare("PRAGMA user_version");
    if (!version) {
        return std::unexpected{version.error()};
    }
    const auto row = version->step();
    const auto found = row && *row ? version->column_int(0) : 0;
    version->reset();
    if (found > store_version) {
        return fail(errc::damaged, file + " is of a newer Pomona");
    }
    if (found == store_version) {
        return {};
    }
    return db.execute("CREATE TABLE IF NOT EXISTS macs (name TEXT PRIMARY KEY, link BLOB NOT NULL, "
                      "snapshot BLOB NOT NULL) STRICT; PRAGMA user_version = 1;");
}

/// name, link, snapshot.
result<std::vector<kept_mac>> rows_of(sqlite::statement& s) {
    std::vector<kept_mac> out;
    while (true) {
        const auto row = s.step();
        if (!row) {
            return std::unexpected{row.error()};
        }
        if (!*row) {
            s.reset();
            return out;
        }
        auto link = read_link(s.column_blob(1));
        if (!link) {
            return std::unexpected{std::move(link.error())};
        }
        out.push_back(
            {.name = s.column_text(0), .link = *std::move(link), .snapshot = s.column_blob(2)});
    }
}

result<void> put_one(sqlite::database& db, const kept_mac& m) {
    auto s = db.prepare("INSERT INTO macs (name, link, snapshot) VALUES (?1, ?2, ?3) ON CONFLICT "
                        "(name) DO UPDATE SET link = excluded.link, snapshot = excluded.snapshot");
    if (!s) {
        return std::unexpected{s.error()};
    }
    const auto link = plist::to_binary(to_dict(m.link));
    return s->bind(1, m.name).bind(2, bytes_view{link}).bind(3, bytes_view{m.snapshot}).run();
}

} // namespace

std::filesystem::path mac_store::default_file() {
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
        return std::filesystem::path{data} / "pomona" / "macs.db";
    }
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
        return std::filesystem::path{home} / ".local" / "share" / "pomona" / "macs.db";
    }
    return {};
}

result<mac_store> mac_store::open(const std::filesystem::path& file, access how) {
    std::error_code code;
    if (how == access::read && !std::filesystem::exists(file, code)) {
        return mac_store{std::nullopt, -1};
    }
    int held = -1;
    if (how == access::write) {
        const auto folder = file.parent_path();
        // An existing folder is the user's own business; a new one is for the owner alone.
        if (!folder.empty() && !std::filesystem::exists(folder, code)) {
            if (auto made = make_private_folder(folder); !made) {
                return std::unexpected{std::move(made.error())};
            }
        }
        auto locked = lock(file);
        if (!locked) {
            return std::unexpected{std::move(locked.error())};
        }
        held = *locked;
    }
    mac_store out{std::nullopt, held};
    auto db = sqlite::database::open(file.string());
    if (!db) {
        return std::unexpected{std::move(db.error())};
    }
    out.db_ = *std::move(db);
    if (auto good = prepare(*out.db_, file.string()); !good) {
        return std::unexpected{std::move(good.error())};
    }
    return out;
}

mac_store::mac_store(mac_store&& other) noexcept
    : db_{std::move(other.db_)}, lock_{std::exchange(other.lock_, -1)} {}

mac_store::~mac_store() {
    db_.reset(); // before others may have it
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

result<std::vector<kept_mac>> mac_store::all() {
    if (!db_) {
        return std::vector<kept_mac>{};
    }
    auto s = db_->prepare("SELECT name, link, snapshot FROM macs ORDER BY name");
    if (!s) {
        return std::unexpected{s.error()};
    }
    return rows_of(*s);
}

result<std::optional<kept_mac>> mac_store::find(const std::string& name) {
    if (!db_) {
        return std::nullopt;
    }
    auto s = db_->prepare("SELECT name, link, snapshot FROM macs WHERE name = ?1");
    if (!s) {
        return std::unexpected{s.error()};
    }
    s->bind(1, std::string_view{name});
    auto rows = rows_of(*s);
    if (!rows) {
        return std::unexpected{std::move(rows.error())};
    }
    return rows->empty() ? std::nullopt : std::optional{std::move(rows->front())};
}

result<void> mac_store::put(const kept_mac& m) {
    return put_one(*db_, m);
}

result<void> mac_store::put(const std::vector<kept_mac>& all) {
    auto good = db_->execute("BEGIN");
    for (const auto& m : all) {
        if (good) {
            good = put_one(*db_, m);
        }
    }
    if (!good) {
        static_cast<void>(db_->execute("ROLLBACK"));
        return good;
    }
    return db_->execute("COMMIT");
}

result<bool> mac_store::remove(const std::string& name) {
    auto s = db_->prepare("DELETE FROM macs WHERE name = ?1");
    if (!s) {
        return std::unexpected{s.error()};
    }
    if (auto done = s->bind(1, std::string_view{name}).run(); !done) {
        return std::unexpected{std::move(done.error())};
    }
    return db_->changes() > 0;
}

} // namespace pomona::stack
