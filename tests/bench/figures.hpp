// What a process can say about itself, as the benchmarks print it: CPU seconds, private memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/resource.h>

namespace pomona::bench {

/// User and system time of this process so far, all threads.
inline double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Private_Dirty of /proc/self/smaps_rollup.
inline std::uint64_t private_dirty_kib() {
    std::ifstream in{"/proc/self/smaps_rollup"};
    for (std::string word; in >> word;) {
        if (word == "Private_Dirty:") {
            std::uint64_t kib = 0;
            in >> kib;
            return kib;
        }
    }
    return 0;
}

/// CPU and wall time between two moments, printed as one line of JSON.
class stretch {
  public:
    void print(const std::string& what, std::uint64_t count) const {
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began_;
        std::cout << "{\"what\": \"" << what << "\", \"count\": " << count
                  << ", \"cpu\": " << cpu_seconds() - cpu_ << ", \"wall\": " << wall.count() << "}"
                  << std::endl;
    }

  private:
    double cpu_ = cpu_seconds();
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

} // namespace pomona::bench
