#include "interrupts.hpp"

#include <csignal>
#include <ctime>
#include <unistd.h>

namespace pomona::cli {
namespace {

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

} // namespace

void interrupts::block() {
    const auto set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN); // a closed socket or pipe is an error value, not an end
}

interrupts::interrupts(std::function<void()> on_first)
    : on_first_{std::move(on_first)}, thread_{[this] { wait(); }} {}

interrupts::~interrupts() {
    stopping_ = true;
    thread_.join();
}

void interrupts::wait() {
    const auto set = ending_signals();
    constexpr timespec pause{0, 50'000'000};
    while (!stopping_) {
        const int signal = sigtimedwait(&set, nullptr, &pause);
        if (signal <= 0) {
            continue;
        }
        if (caught_.exchange(signal) != 0) {
            ::_exit(128 + signal); // asked twice: at once
        }
        on_first_();
    }
}

} // namespace pomona::cli
