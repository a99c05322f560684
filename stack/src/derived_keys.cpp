#include "pomona/stack/derived_keys.hpp"

#include "pomona/foundation/encoding.hpp"
#include "private_file.hpp"
#include "work_crew.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

namespace pomona::stack {

namespace {

constexpr std::size_t max_file_bytes = 8192;

constexpr std::array<std::string_view, 7> roles{
    "ca", "tls", "apns-ca", "apns-tls", "push-certificate", "device-ca", "idp"};
static_assert(roles.size() <= derived_keys::first_mac);

/// What a file begins with: a key that was cut, altered or put in another's place does not fit.
std::string head_of(std::size_t index, bytes_view der) {
    return "pomona-derived-1 " + std::to_string(index) + " " + to_hex(crypto::sha256(der)) + "\n";
}

result<bytes> derive(std::size_t index) {
    const auto ctx =
        crypto::context::seeded(as_bytes("pomona derived key " + std::to_string(index)));
    const auto key = crypto::private_key::generate_rsa(ctx);
    if (!key) {
        return std::unexpected(key.error());
    }
    return key->to_der();
}

std::filesystem::path file_of(const std::filesystem::path& folder, std::size_t index) {
    auto digits = std::to_string(index);
    digits.insert(0, 6 - std::min<std::size_t>(digits.size(), 6), '0');
    return folder / ("key-" + digits);
}

/// nullopt when it is not there or not what was written.
std::optional<bytes> load(const std::filesystem::path& folder, std::size_t index) {
    const auto content = read_private_file(file_of(folder, index), max_file_bytes);
    if (!content || !*content) {
        return std::nullopt;
    }
    const bytes_view all{**content};
    const auto end = as_text(all).find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto der = all.subspan(end + 1);
    if (as_text(all.first(end + 1)) != head_of(index, der)) {
        return std::nullopt;
    }
    return bytes{der.begin(), der.end()};
}

result<void> save(const std::filesystem::path& folder, std::size_t index, bytes_view der) {
    auto content = to_bytes(head_of(index, der));
    content.insert(content.end(), der.begin(), der.end());
    return write_private_file(file_of(folder, index), content);
}

/// Keys by index, loaded or derived, on all cores.
struct derivation {
    std::filesystem::path folder;
    std::size_t first = 0;
    std::vector<bytes> keys;
    std::atomic<std::size_t> done = 0;
    std::mutex mutex;
    std::optional<error> failure;

    void one(std::size_t i);
    void give_up(error why) {
        const std::scoped_lock lock{mutex};
        failure = std::move(why);
    }
    bool failed() {
        const std::scoped_lock lock{mutex};
        return failure.has_value();
    }
};

void derivation::one(std::size_t i) {
    const auto index = first + i;
    if (!folder.empty()) {
        if (auto found = load(folder, index)) {
            keys[i] = std::move(*found);
            ++done;
            return;
        }
    }
    auto der = derive(index);
    if (!der) {
        give_up(std::move(der.error()));
        return;
    }
    if (!folder.empty()) {
        if (auto saved = save(folder, index, *der); !saved) {
            give_up(std::move(saved.error()));
            return;
        }
    }
    keys[i] = std::move(*der);
    ++done;
}

} // namespace

std::filesystem::path derived_keys::default_folder() {
    const auto cache = cache_folder();
    return cache.empty() ? cache : cache / "derived-1";
}

std::optional<std::size_t> derived_keys::index_of_role(std::string_view role) {
    const auto* const found = std::ranges::find(roles, role);
    return found == roles.end() ? std::nullopt
                                : std::optional{static_cast<std::size_t>(found - roles.begin())};
}

result<std::vector<crypto::private_key>> derived_keys::take(const crypto::context& ctx,
                                                            std::size_t first, std::size_t count,
                                                            const progress_function& progress,
                                                            std::stop_token stop) {
    if (!folder_.empty()) {
        if (const auto made = make_private_folder(folder_); !made) {
            return std::unexpected(made.error());
        }
    }
    derivation work;
    work.folder = folder_;
    work.first = first;
    work.keys.resize(count);
    run_crew(
        {.threads = threads_, .count = count, .stop = stop}, [&](std::size_t i) { work.one(i); },
        [&] {
            if (progress) {
                progress({.done = work.done, .total = count, .left = {}});
            }
            return !work.failed();
        });
    if (work.failure) {
        return std::unexpected(*work.failure);
    }
    if (work.done < count) {
        return fail(errc::interrupted, std::to_string(work.done) + " of " + std::to_string(count) +
                                           " keys are derived and kept");
    }
    std::vector<crypto::private_key> out;
    out.reserve(count);
    // One after the other: a seeded context serves one thread at a time.
    for (const auto& der : work.keys) {
        auto key = crypto::private_key::from_der(ctx, der);
        if (!key) {
            return std::unexpected(key.error());
        }
        out.push_back(std::move(*key));
    }
    return out;
}

} // namespace pomona::stack
