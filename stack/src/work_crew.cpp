#include "work_crew.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace pomona::stack {

namespace {
constexpr auto tick_interval = std::chrono::milliseconds{200};
} // namespace

void run_crew(crew_options how, const std::function<void(std::size_t)>& work,
              const std::function<bool()>& tick) {
    const auto cores = how.threads != 0 ? how.threads : std::thread::hardware_concurrency();
    const auto threads = std::clamp<std::size_t>(cores, 1, std::max<std::size_t>(how.count, 1));
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> enough = false;
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t at_work = threads;
    const auto one = [&] {
        while (!enough && !how.stop.stop_requested()) {
            const auto i = next.fetch_add(1);
            if (i >= how.count) {
                break;
            }
            work(i);
        }
        const std::scoped_lock lock{mutex};
        --at_work;
        changed.notify_all();
    };
    std::vector<std::jthread> crew;
    for (std::size_t i = 0; i < threads; ++i) {
        crew.emplace_back(one);
    }
    bool over = false;
    while (!over) {
        {
            std::unique_lock lock{mutex};
            over = changed.wait_for(lock, tick_interval, [&] { return at_work == 0; });
        }
        if (!tick()) {
            enough = true;
        }
    }
    crew.clear();
}

} // namespace pomona::stack
