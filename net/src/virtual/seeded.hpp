// Random streams that decide the order of tasks and the latency of messages. Not for cryptography.
#pragma once

#include <cstdint>

namespace pomona::net::virtual_world {

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same everywhere, unlike the standard
/// library's distributions.
class seeded_stream {
  public:
    /// Streams of one seed with different purposes do not disturb one another.
    seeded_stream(std::uint64_t seed, std::uint64_t purpose) : state_{mix(seed) ^ mix(~purpose)} {}

    std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }

    /// Uniform in [0, bound) but for a bias below bound / 2^64; bound > 0.
    std::uint64_t below(std::uint64_t bound) {
        __extension__ using wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<wide>(next()) * bound) >> 64U);
    }

  private:
    static constexpr std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31U);
    }
    std::uint64_t state_;
};

} // namespace pomona::net::virtual_world
