// Randomness of faults: a function of the seed and of what it is drawn for, never of the order in
// which things happen.
#pragma once

#include <cstdint>
#include <string_view>

namespace pomona::faults {

/// Two faults, two Macs or two messages never share a draw: a rule that is taken out changes no
/// decision about the others, and the order of Macs none about any.
class draws {
  public:
    /// FNV-1a over the names, SplitMix64 (Steele, Lea, Flood 2014) over the rest.
    constexpr draws(std::uint64_t seed, std::string_view rule, std::string_view mac,
                    std::uint64_t nth)
        : state_{mix(mix(mix(seed ^ hash(rule)) ^ hash(mac)) + nth)} {}

    constexpr std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }
    /// Uniform in [0, bound) but for a bias below bound / 2^64; bound > 0.
    constexpr std::uint64_t below(std::uint64_t bound) {
        __extension__ using wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<wide>(next()) * bound) >> 64U);
    }
    /// In [0, 1).
    constexpr double fraction() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

  private:
    static constexpr std::uint64_t hash(std::string_view text) {
        std::uint64_t out = 0xcbf29ce484222325ULL;
        for (const auto c : text) {
            out = (out ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
        }
        return out;
    }
    static constexpr std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31U);
    }
    std::uint64_t state_;
};

} // namespace pomona::faults
