// Bounds that count: bytes of requests in memory, and frames that ask for nothing.
#pragma once

#include "pomona/foundation/time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace pomona::net::real {

/// Bytes that a listener's requests hold together. Small ones have as much again to themselves, so
/// that large bodies cannot keep a Mac's messages out.
class byte_budget {
  public:
    byte_budget(std::size_t limit, std::size_t small) : limit_{limit}, small_{small} {}
    [[nodiscard]] std::size_t used() const { return used_; }

  private:
    friend class byte_lease;
    [[nodiscard]] bool allows(std::size_t more, std::size_t together) const {
        return used_ + more <= (together <= small_ ? 2 * limit_ : limit_);
    }
    std::size_t limit_;
    std::size_t small_;
    std::size_t used_ = 0;
};

/// One request's part of it, given back at the end.
class byte_lease {
  public:
    explicit byte_lease(std::shared_ptr<byte_budget> of) : of_{std::move(of)} {}
    byte_lease(const byte_lease&) = delete;
    byte_lease& operator=(const byte_lease&) = delete;
    ~byte_lease() { of_->used_ -= held_; }

    /// False: there is no room, and the lease stays as it was.
    bool grow_to(std::size_t bytes) {
        if (bytes <= held_) {
            return true;
        }
        if (!of_->allows(bytes - held_, bytes)) {
            return false;
        }
        of_->used_ += bytes - held_;
        held_ = bytes;
        return true;
    }

  private:
    std::shared_ptr<byte_budget> of_;
    std::size_t held_ = 0;
};

/// So many at once, so many a second: a bucket of tokens.
class rate_budget {
  public:
    rate_budget(std::uint32_t burst, std::uint32_t per_second, time_point now)
        : burst_{static_cast<double>(burst)},
          per_second_{static_cast<double>(per_second)},
          left_{burst_},
          at_{now} {}

    /// False once there is nothing left.
    bool spend(time_point now) {
        const std::chrono::duration<double> since = now - at_;
        at_ = now;
        left_ = std::min(burst_, left_ + since.count() * per_second_) - 1;
        return left_ >= 0;
    }
    /// Work that was done earns as much back.
    void earn(std::size_t count) { left_ = std::min(burst_, left_ + static_cast<double>(count)); }

  private:
    double burst_;
    double per_second_;
    double left_;
    time_point at_;
};

} // namespace pomona::net::real
