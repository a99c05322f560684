// SIGINT and SIGTERM: the first ends the work in good order, the second at once.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace pomona::cli {

class interrupts {
  public:
    /// Blocks both signals for this thread and those it will start. Once, first thing.
    static void block();

    /// `on_first` is called on a thread of its own.
    explicit interrupts(std::function<void()> on_first);
    ~interrupts();
    interrupts(const interrupts&) = delete;
    interrupts& operator=(const interrupts&) = delete;

    /// The signal that came; 0: none yet.
    [[nodiscard]] int caught() const { return caught_; }

  private:
    void wait();
    std::function<void()> on_first_;
    std::atomic<int> caught_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

} // namespace pomona::cli
