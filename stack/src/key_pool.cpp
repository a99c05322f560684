#include "pomona/stack/key_pool.hpp"

#include "key_batch.hpp"
#include "pomona/foundation/error_category.hpp"
#include "private_file.hpp"
#include "work_crew.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

namespace pomona::stack {

namespace {

constexpr char category_name[] = "stack";

const char* describe(errc value) {
    switch (value) {
    case errc::cannot_write:
        return "cannot write";
    case errc::not_private:
        return "not private";
    case errc::damaged:
        return "damaged file";
    case errc::interrupted:
        return "interrupted";
    case errc::unusable:
        return "set-up failed";
    case errc::in_use:
        return "another process works with it";
    }
    return "unknown error";
}

using clock = std::chrono::steady_clock; // of this machine, for a progress bar; no world is there
constexpr auto save_interval = std::chrono::seconds{5};

/// Makes keys until the folder has `wanted`, saving what there is now and then.
class key_maker {
  public:
    key_maker(std::filesystem::path folder, std::size_t have, std::size_t wanted,
              const progress_function& progress)
        : folder_{std::move(folder)},
          have_{have},
          wanted_{wanted},
          progress_{progress},
          started_{clock::now()},
          saved_{started_} {}

    result<void> run(unsigned threads, std::stop_token stop);

  private:
    void make_one();
    bool tick();
    void report();
    bool save();

    std::filesystem::path folder_;
    std::size_t have_; ///< in the folder, made here or by others
    std::size_t wanted_;
    const progress_function& progress_;
    clock::time_point started_;
    clock::time_point saved_;
    std::size_t made_ = 0; ///< by this process
    std::mutex mutex_;     ///< of the two below
    std::vector<bytes> fresh_;
    std::optional<error> failure_;
};

void key_maker::make_one() {
    const auto key = crypto::private_key::generate_rsa(crypto::context::system());
    auto der = key ? key->to_der() : bytes{};
    const std::scoped_lock lock{mutex_};
    if (!key) {
        failure_ = key.error();
    } else {
        fresh_.push_back(std::move(der));
    }
}

bool key_maker::save() {
    std::vector<bytes> ready;
    {
        const std::scoped_lock lock{mutex_};
        ready.swap(fresh_);
    }
    made_ += ready.size();
    saved_ = clock::now();
    auto locked = folder_lock::take(folder_);
    if (!locked) {
        failure_ = locked.error();
        return false;
    }
    for (std::size_t from = 0; from < ready.size(); from += keys_a_batch) {
        const auto to = std::min(from + keys_a_batch, ready.size());
        const std::vector<bytes> batch(ready.begin() + static_cast<std::ptrdiff_t>(from),
                                       ready.begin() + static_cast<std::ptrdiff_t>(to));
        if (const auto written = append_batch(folder_, batch); !written) {
            failure_ = written.error();
            return false;
        }
    }
    // Counted anew: other processes may have added theirs.
    const auto now = count_keys(folder_);
    if (!now) {
        failure_ = now.error();
        return false;
    }
    have_ = *now;
    return true;
}

void key_maker::report() {
    if (!progress_) {
        return;
    }
    std::size_t unsaved = 0;
    {
        const std::scoped_lock lock{mutex_};
        unsaved = fresh_.size();
    }
    key_progress now{.done = std::min(have_ + unsaved, wanted_), .total = wanted_, .left = {}};
    const auto made = made_ + unsaved;
    const std::chrono::duration<double> elapsed = clock::now() - started_;
    if (made > 0) {
        const auto each = elapsed.count() / static_cast<double>(made);
        now.left = std::chrono::seconds{
            static_cast<long long>(each * static_cast<double>(now.total - now.done) + 0.5)};
    }
    progress_(now);
}

bool key_maker::tick() {
    std::size_t unsaved = 0;
    {
        const std::scoped_lock lock{mutex_};
        if (failure_) {
            return false;
        }
        unsaved = fresh_.size();
    }
    const bool due = unsaved >= keys_a_batch || clock::now() - saved_ >= save_interval;
    if (unsaved > 0 && due && !save()) {
        return false;
    }
    report();
    return have_ < wanted_;
}

result<void> key_maker::run(unsigned threads, std::stop_token stop) {
    report();
    run_crew(
        {.threads = threads, .count = wanted_ - have_, .stop = stop},
        [this](std::size_t) { make_one(); }, [this] { return tick(); });
    if (!fresh_.empty()) {
        (void)save();
    }
    report();
    if (failure_) {
        return std::unexpected(*failure_);
    }
    if (have_ < wanted_ && stop.stop_requested()) {
        return fail(errc::interrupted, std::to_string(have_) + " of " + std::to_string(wanted_) +
                                           " keys are made and kept");
    }
    return {};
}

/// Half a millisecond each, so on all cores.
result<std::vector<crypto::private_key>> decode(const std::vector<bytes>& ders, unsigned threads) {
    const auto ctx = crypto::context::system();
    std::vector<std::optional<crypto::private_key>> decoded(ders.size());
    run_crew(
        {.threads = threads, .count = ders.size(), .stop = {}},
        [&](std::size_t i) {
            if (auto key = crypto::private_key::from_der(ctx, ders[i])) {
                decoded[i] = std::move(*key);
            }
        },
        [] { return true; });
    std::vector<crypto::private_key> out;
    out.reserve(ders.size());
    for (auto& key : decoded) {
        if (!key) {
            return fail(errc::damaged, "a key of the pool cannot be decoded");
        }
        out.push_back(std::move(*key));
    }
    return out;
}

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

std::filesystem::path cache_folder() {
    // XDG Base Directory Specification: a relative path there is to be ignored.
    if (const char* const cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr) {
        if (std::filesystem::path path{cache}; path.is_absolute()) {
            return path / "pomona";
        }
    }
    const char* const home = std::getenv("HOME");
    return home == nullptr || *home == '\0' ? std::filesystem::path{}
                                            : std::filesystem::path{home} / ".cache" / "pomona";
}

std::filesystem::path key_pool::default_folder() {
    const auto cache = cache_folder();
    return cache.empty() ? cache : cache / "keys";
}

result<std::size_t> key_pool::size() const {
    return count_keys(folder_);
}

result<std::vector<crypto::private_key>>
key_pool::take(std::size_t count, const progress_function& progress, std::stop_token stop) {
    if (folder_.empty()) {
        return fail(errc::cannot_write, "no folder for the key pool: HOME is not set");
    }
    if (const auto made = make_private_folder(folder_); !made) {
        return std::unexpected(made.error());
    }
    auto have = count_keys(folder_);
    if (!have) {
        return std::unexpected(have.error());
    }
    // Once, unless others delete what was counted.
    if (*have < count) {
        key_maker maker{folder_, *have, count, progress};
        if (const auto run = maker.run(threads_, stop); !run) {
            return std::unexpected(run.error());
        }
    }
    const auto ders = read_keys(folder_, count);
    if (!ders) {
        return std::unexpected(ders.error());
    }
    if (ders->size() < count) {
        return fail(errc::damaged, "keys were deleted from " + folder_.string() + " meanwhile");
    }
    return decode(*ders, threads_);
}

} // namespace pomona::stack
