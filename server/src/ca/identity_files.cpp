#include "ca/identity_files.hpp"

#include "ca/authority.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace pomona::server {
namespace {

namespace fs = std::filesystem;
using days = std::chrono::days;

constexpr std::uintmax_t max_file = 64U << 10U;

std::unexpected<error> system_failure(const std::string& what, const fs::path& path) {
    return fail({errno, std::generic_category()}, what + " " + path.string());
}

/// Readable by its owner only from the first byte on, and either whole or not there.
result<void> write_private(const fs::path& path, std::string_view text) {
    const auto draft = path.string() + ".new";
    ::unlink(draft.c_str());
    const int fd =
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return system_failure("cannot write", draft);
    }
    std::size_t done = 0;
    while (done < text.size()) {
        const auto n = ::write(fd, text.data() + done, text.size() - done);
        if (n < 0 && errno != EINTR) {
            auto failure = system_failure("cannot write", draft);
            ::close(fd);
            return failure;
        }
        done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    const bool synced = ::fsync(fd) == 0;
    ::close(fd);
    if (!synced || ::rename(draft.c_str(), path.c_str()) != 0) {
        return system_failure("cannot write", path);
    }
    return {};
}

result<bytes> read_file(const fs::path& path) {
    std::error_code ec;
    const auto size = fs::file_size(path, ec);
    if (ec || size > max_file) {
        return fail(ec ? ec : make_error_code(std::errc::file_too_large),
                    "cannot read " + path.string());
    }
    std::ifstream in{path, std::ios::binary};
    bytes out(size);
    in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(size));
    if (!in) {
        return fail(std::make_error_code(std::errc::io_error), "cannot read " + path.string());
    }
    return out;
}

/// Key and certificate in one file, so that the two cannot come from different starts.
result<crypto::identity> read_identity(const crypto::context& ctx, const fs::path& path) {
    auto text = read_file(path);
    if (!text) {
        return std::unexpected(std::move(text.error()));
    }
    auto key = crypto::private_key::from_pem(ctx, *text);
    auto certs = crypto::certificate::from_pem(ctx, *text);
    if (!key || !certs) {
        auto why = key ? certs.error() : key.error();
        why.detail = path.string() + ": " + why.detail;
        return std::unexpected(std::move(why));
    }
    if (certs->front().public_key_info() != key->public_key_info()) {
        return fail(crypto::errc::wrong_key, path.string() + ": the key is not the certificate's");
    }
    return crypto::identity{certs->front(), std::move(*key), {}};
}

result<void> write_identity(const fs::path& path, const crypto::identity& what) {
    return write_private(path, what.cert.pem() + what.key.to_pem());
}

result<crypto::private_key> key_of(const crypto::context& ctx, const identity_request& wanted,
                                   std::string_view role) {
    if (wanted.key_for) {
        if (auto fixed = wanted.key_for(role)) {
            return *fixed;
        }
    }
    return role == "ca" ? crypto::private_key::generate_rsa(ctx, 2048)
                        : crypto::private_key::generate_p256(ctx);
}

result<crypto::identity> root_of(const crypto::context& ctx, const identity_request& wanted) {
    const auto path = wanted.folder / "ca-identity.pem";
    if (!wanted.folder.empty() && fs::exists(path)) {
        return read_identity(ctx, path);
    }
    auto key = key_of(ctx, wanted, "ca");
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    auto made = make_root(std::move(*key), wanted.organization, make_serial(wanted.root_serial),
                          wanted.now);
    if (made && !wanted.folder.empty()) {
        if (auto kept = write_identity(path, *made); !kept) {
            return std::unexpected(std::move(kept.error()));
        }
    }
    return made;
}

bool still_good(const crypto::identity& tls, const crypto::identity& root,
                const identity_request& wanted) {
    auto has = tls.cert.dns_names();
    auto names = wanted.names;
    std::ranges::sort(has);
    std::ranges::sort(names);
    return has == names && tls.cert.not_after() > wanted.now + days{30} &&
           crypto::verify_chain(tls.cert, {}, {root.cert}, wanted.now).has_value();
}

result<crypto::identity> tls_of(const crypto::context& ctx, const identity_request& wanted,
                                const crypto::identity& root) {
    const auto path = wanted.folder / "tls-identity.pem";
    if (!wanted.folder.empty() && fs::exists(path)) {
        if (auto kept = read_identity(ctx, path); kept && still_good(*kept, root, wanted)) {
            kept->chain = {root.cert};
            return kept;
        }
    }
    auto key = key_of(ctx, wanted, "tls");
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    auto made =
        make_tls(root, std::move(*key), wanted.names, make_serial(wanted.tls_serial), wanted.now);
    if (made && !wanted.folder.empty()) {
        if (auto kept = write_identity(path, *made); !kept) {
            return std::unexpected(std::move(kept.error()));
        }
    }
    return made;
}

} // namespace

result<server_identities> load_or_make(const crypto::context& ctx, const identity_request& wanted) {
    if (!wanted.folder.empty()) {
        std::error_code ec;
        fs::create_directories(wanted.folder, ec);
        if (!ec) {
            fs::permissions(wanted.folder, fs::perms::owner_all, ec);
        }
        if (ec) {
            return fail(ec, "cannot use the data folder " + wanted.folder.string());
        }
    }
    auto root = root_of(ctx, wanted);
    if (!root) {
        return std::unexpected(std::move(root.error()));
    }
    if (!wanted.folder.empty()) { // for people to trust, and to hand on: without the key
        if (auto told = write_private(wanted.folder / "ca.pem", root->cert.pem()); !told) {
            return std::unexpected(std::move(told.error()));
        }
    }
    auto tls = tls_of(ctx, wanted, *root);
    if (!tls) {
        return std::unexpected(std::move(tls.error()));
    }
    return server_identities{std::move(*root), std::move(*tls)};
}

} // namespace pomona::server
