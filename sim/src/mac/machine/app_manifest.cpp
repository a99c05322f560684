#include "mac/machine/app_manifest.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

/// Of a peer's manifest; more pieces than that have no package behind them.
constexpr std::size_t most_hashes = 100'000;

const plist::dict* first_of(const plist::dict& d, std::string_view key) {
    const auto* all = d.list(key);
    return all == nullptr || all->empty() ? nullptr : all->front().get<plist::dict>();
}

/// "software-package" is what there is to install; the other kinds are pictures.
const plist::dict* find_package(const plist::dict& item) {
    const auto* assets = item.list("assets");
    if (assets == nullptr) {
        return nullptr;
    }
    for (const auto& v : *assets) {
        const auto* one = v.get<plist::dict>();
        const auto* kind = one == nullptr ? nullptr : one->string("kind");
        if (kind != nullptr && *kind == "software-package") {
            return one;
        }
    }
    return nullptr;
}

/// Nullopt: a list that cannot be used.
std::optional<std::vector<bytes>> read_hashes(const plist::array& list, std::size_t size) {
    std::vector<bytes> out;
    if (list.size() > most_hashes) {
        return std::nullopt;
    }
    for (const auto& v : list) {
        const auto* text = v.get<std::string>();
        auto hash = text == nullptr ? std::nullopt : from_hex(*text);
        if (!hash || hash->size() != size) {
            return std::nullopt;
        }
        out.push_back(*std::move(hash));
    }
    return out;
}

/// False: there are hashes that cannot be used.
bool read_hashes(const plist::dict& package, app_manifest& into) {
    // Schema application.install.enterprise.yaml: SHA-256 where it is given.
    for (const bool md5 : {false, true}) {
        const auto* list = package.list(md5 ? "md5s" : "sha256s");
        if (list == nullptr) {
            continue;
        }
        auto hashes = read_hashes(*list, md5 ? 16 : 32);
        const auto* chunk = package.integer(md5 ? "md5-size" : "sha256-size");
        if (!hashes || hashes->empty() || (chunk != nullptr && *chunk <= 0) ||
            (chunk == nullptr && hashes->size() > 1)) {
            return false;
        }
        into.md5 = md5;
        into.hashes = *std::move(hashes);
        into.chunk_bytes = chunk == nullptr ? 0 : *chunk;
        return true;
    }
    return true;
}

} // namespace

bool app_manifest::matches(bytes_view package) const {
    if (hashes.empty()) {
        return true;
    }
    const auto size = chunk_bytes == 0 ? package.size() : static_cast<std::size_t>(chunk_bytes);
    for (const auto& expected : hashes) {
        const auto piece = package.first(std::min(size, package.size()));
        if ((md5 ? crypto::md5(piece) : crypto::sha256(piece)) != expected) {
            return false;
        }
        package = package.subspan(piece.size());
    }
    return package.empty();
}

std::expected<app_manifest, std::string> read_app_manifest(const plist::dict& d) {
    const auto* item = first_of(d, "items");
    if (item == nullptr) {
        return std::unexpected{"it has no items"};
    }
    const auto* package = find_package(*item);
    const auto* url = package == nullptr ? nullptr : package->string("url");
    if (url == nullptr) {
        return std::unexpected{"it has no asset of the kind software-package with a url"};
    }
    const auto* metadata = item->dictionary("metadata");
    const auto* identifier = metadata == nullptr ? nullptr : metadata->string("bundle-identifier");
    const auto* title = metadata == nullptr ? nullptr : metadata->string("title");
    if (identifier == nullptr || identifier->empty() || title == nullptr) {
        return std::unexpected{"its metadata has no bundle-identifier or no title"};
    }
    app_manifest out;
    out.package_url = *url;
    const auto* version = metadata->string("bundle-version");
    const auto* size = metadata->integer("sizeInBytes");
    out.content = {.identifier = *identifier,
                   .name = *title,
                   .version = version == nullptr ? std::string{"1.0"} : *version,
                   .short_version = version == nullptr ? std::string{"1.0"} : *version,
                   .bundle_size = size == nullptr ? 0 : std::max<std::int64_t>(*size, 0)};
    if (!read_hashes(*package, out)) {
        return std::unexpected{"its hashes cannot be used"};
    }
    return out;
}

} // namespace pomona::sim::mac
