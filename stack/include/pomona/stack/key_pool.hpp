// Keys made ahead of time: an RSA key costs a tenth of a second and more, a fleet needs thousands.
#pragma once

#include "pomona/protocol/crypto/key.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

namespace pomona::stack {

enum class errc {
    cannot_write = 1, ///< a folder or file of ours
    not_private,      ///< others may read the folder, and that could not be mended
    damaged,          ///< a file is not what we wrote
    interrupted,      ///< the stop token; what was made is kept
    unusable,         ///< a part of the set-up failed; the detail says which
    in_use            ///< another process works with it
};
std::error_code make_error_code(errc value);

/// How far the making of keys is.
struct key_progress {
    std::size_t done = 0;
    std::size_t total = 0;
    std::optional<std::chrono::seconds> left; ///< estimated; nullopt until there is a rate
};
using progress_function = std::function<void(const key_progress&)>;

/// $XDG_CACHE_HOME/pomona, or ~/.cache/pomona; empty when neither variable is set.
std::filesystem::path cache_folder();

/// Unique RSA-2048 keys on disk, each process reading the same ones in the same order; for the real
/// world. The folder is 0700 and its files are 0600.
class key_pool {
  public:
    /// `threads` 0: one a core.
    explicit key_pool(std::filesystem::path folder, unsigned threads = 0)
        : folder_{std::move(folder)}, threads_{threads} {}

    /// cache_folder()/keys.
    static std::filesystem::path default_folder();

    /// The pool's first `count` keys; those it does not have yet are generated on all cores and
    /// kept. Several processes may do so at once: they add to one another's work. `progress` is
    /// called on the calling thread, a few times a second while keys are made.
    /// Errors: interrupted, cannot_write, not_private, damaged.
    [[nodiscard]] result<std::vector<crypto::private_key>>
    take(std::size_t count, const progress_function& progress = {}, std::stop_token stop = {});

    /// How many keys there are now.
    [[nodiscard]] result<std::size_t> size() const;

  private:
    std::filesystem::path folder_;
    unsigned threads_;
};

} // namespace pomona::stack

POMONA_ERROR_ENUM(pomona::stack::errc);
