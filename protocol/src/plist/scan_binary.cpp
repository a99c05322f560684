// The binary form (CFBinaryPList): trailer, offset table, every object, and what all of it expands
// to. Observed: libplist 2.2 recurses over nesting and copies an object as often as it is
// referenced, so a file of 143 octets can ask for 2^64 nodes. All of that is decided here, on an
// explicit stack.
#include "scan.hpp"
#include "text.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace pomona::plist {
namespace {

constexpr std::size_t trailer_size = 32;
/// Choice: contents may grow this much over max_bytes when shared strings are copied.
constexpr std::uint64_t expansion = 4;

enum class kind : std::uint8_t { scalar, string, utf16, array, dict };
enum class visit : std::uint8_t { fresh, open, done };

struct object {
    std::uint64_t start = 0; ///< first octet of the content
    std::uint64_t count = 0; ///< octets of a scalar or string, items of a container
    std::uint64_t nodes = 1; ///< expanded; valid once done, as the next two
    std::uint64_t octets = 0;
    std::uint32_t height = 0;
    kind what = kind::scalar;
    visit state = visit::fresh;
};

struct frame {
    std::uint32_t index = 0;
    std::uint64_t next = 0; ///< the reference to follow next
};

bool is_string(kind k) {
    return k == kind::string || k == kind::utf16;
}
bool is_container(kind k) {
    return k == kind::array || k == kind::dict;
}

class scanner {
  public:
    scanner(bytes_view data, const limits& bounds) : data_{data}, bounds_{bounds} {}

    result<void> run() {
        if (auto done = trailer(); !done) {
            return done;
        }
        objects_.resize(count_);
        for (std::uint64_t i = 0; i < count_; ++i) {
            if (auto done = header(i); !done) {
                return done;
            }
        }
        return expand();
    }

  private:
    std::uint64_t number(std::uint64_t at, std::uint64_t size) const {
        std::uint64_t value = 0;
        for (const auto octet : data_.subspan(at, size)) {
            value = value << 8U | octet;
        }
        return value;
    }
    static std::unexpected<error> bad(std::uint64_t index, std::string_view what) {
        return fail(errc::malformed, "object " + std::to_string(index) + ": " + std::string{what});
    }
    std::unexpected<error> too_many() const {
        return fail(errc::too_many_nodes, "at most " + std::to_string(bounds_.max_nodes));
    }

    result<void> trailer();
    result<void> header(std::uint64_t index);
    result<void> length(std::uint64_t index, std::uint64_t& at, std::uint64_t& count) const;
    result<void> scalar(std::uint64_t index, std::uint8_t marker, std::uint64_t at);
    result<void> integer(std::uint64_t index, std::uint64_t at, std::uint64_t size) const;
    result<void> date(std::uint64_t index, std::uint64_t at) const;
    result<void> sized(std::uint64_t index, std::uint8_t marker, std::uint64_t at);

    result<void> expand();
    result<void> enter(std::uint64_t index);
    result<void> follow(frame& f);
    result<void> add(object& parent, const object& child);

    bytes_view data_;
    const limits& bounds_;
    std::uint64_t offset_size_ = 0, ref_size_ = 0, count_ = 0, root_ = 0, table_ = 0;
    std::uint64_t edges_ = 0;  ///< references of the containers entered so far
    std::uint64_t octets_ = 0; ///< content of the strings and data entered so far
    std::vector<object> objects_;
    std::vector<frame> stack_;
};

result<void> scanner::trailer() {
    if (data_.size() < binary_magic.size() + trailer_size + 1) {
        return fail(errc::malformed, "too short for a trailer");
    }
    const auto end = data_.size() - trailer_size;
    offset_size_ = data_[end + 6];
    ref_size_ = data_[end + 7];
    count_ = number(end + 8, 8);
    root_ = number(end + 16, 8);
    table_ = number(end + 24, 8);
    if (offset_size_ < 1 || offset_size_ > 8 || ref_size_ < 1 || ref_size_ > 8) {
        return fail(errc::malformed, "trailer: offset or reference size");
    }
    if (table_ < binary_magic.size() || table_ > end || count_ == 0 || root_ >= count_ ||
        count_ > (end - table_) / offset_size_) {
        return fail(errc::malformed, "trailer: offset table");
    }
    return count_ > bounds_.max_nodes ? result<void>{too_many()} : result<void>{};
}

result<void> scanner::header(std::uint64_t index) {
    const auto at = number(table_ + index * offset_size_, offset_size_);
    if (at < binary_magic.size() || at >= table_) {
        return bad(index, "offset outside of the objects");
    }
    const auto marker = data_[at];
    return marker < 0x40 ? scalar(index, marker, at + 1) : sized(index, marker, at + 1);
}

result<void> scanner::scalar(std::uint64_t index, std::uint8_t marker, std::uint64_t at) {
    auto& o = objects_[index];
    o.start = at;
    if (marker == 0x08 || marker == 0x09) {
        return {};
    }
    const std::uint64_t size = 1ULL << (marker & 0x0fU);
    const bool is_int = marker >= 0x10 && marker <= 0x14;
    const bool is_real = marker == 0x22 || marker == 0x23;
    if (!is_int && !is_real && marker != 0x33) {
        return marker == 0x00 ? fail(errc::unsupported_type, "null") : bad(index, "unknown marker");
    }
    if (size > table_ - at) {
        return bad(index, "truncated");
    }
    if (marker == 0x33) {
        return date(index, at);
    }
    return is_int ? integer(index, at, size) : result<void>{};
}

/// Up to 4 octets unsigned, 8 signed, 16 signed: of those only what 64 signed bits hold.
result<void> scanner::integer(std::uint64_t index, std::uint64_t at, std::uint64_t size) const {
    if (size < 16) {
        return {};
    }
    const auto high = number(at, 8);
    const bool negative = number(at + 8, 8) >> 63U != 0;
    if (high == (negative ? ~0ULL : 0ULL)) {
        return {};
    }
    return fail(errc::unsupported_type,
                "object " + std::to_string(index) + ": integer beyond 64 signed bits");
}

/// Seconds since 2001 as a double. What has no year of four digits is no date.
result<void> scanner::date(std::uint64_t index, std::uint64_t at) const {
    const auto seconds = std::bit_cast<double>(number(at, 8));
    constexpr double year_1 = -63'113'904'000.0;
    constexpr double year_9999 = 252'423'993'599.0;
    const bool in_range = seconds >= year_1 && seconds <= year_9999; // false for NaN
    return in_range ? result<void>{} : bad(index, "date out of range");
}

result<void> scanner::length(std::uint64_t index, std::uint64_t& at, std::uint64_t& count) const {
    if (count != 0x0f) {
        return {};
    }
    if (at >= table_ || data_[at] < 0x10 || data_[at] > 0x13) {
        return bad(index, "length is not an integer");
    }
    const std::uint64_t size = 1ULL << (data_[at] & 0x0fU);
    ++at;
    if (size > table_ - at) {
        return bad(index, "truncated");
    }
    count = number(at, size);
    at += size;
    return {};
}

result<void> scanner::sized(std::uint64_t index, std::uint8_t marker, std::uint64_t at) {
    std::uint64_t count = marker & 0x0fU;
    std::uint64_t unit = 1;
    auto& o = objects_[index];
    switch (marker >> 4U) {
    case 0x4:
        break;
    case 0x5:
        o.what = kind::string;
        break;
    case 0x6:
        o.what = kind::utf16;
        unit = 2;
        break;
    case 0x8:
        return fail(errc::unsupported_type, "CF$UID");
    case 0xa:
        o.what = kind::array;
        unit = ref_size_;
        break;
    case 0xc:
        return fail(errc::unsupported_type, "set");
    case 0xd:
        o.what = kind::dict;
        unit = 2 * ref_size_;
        break;
    default:
        return bad(index, "unknown marker");
    }
    if (auto done = length(index, at, count); !done) {
        return done;
    }
    if (count > (table_ - at) / unit) {
        return bad(index, "longer than the file");
    }
    o.start = at;
    o.count = o.what == kind::utf16 ? count * unit : count;
    return {};
}

/// Post-order over what the root reaches: each object is entered once, its expanded size
/// remembered.
result<void> scanner::expand() {
    if (auto done = enter(root_); !done) {
        return done;
    }
    while (!stack_.empty()) {
        auto& f = stack_.back();
        auto& o = objects_[f.index];
        if (f.next == (o.what == kind::dict ? 2 * o.count : o.count)) {
            o.state = visit::done;
            const auto finished = f.index;
            stack_.pop_back();
            if (!stack_.empty()) {
                if (auto done = add(objects_[stack_.back().index], objects_[finished]); !done) {
                    return done;
                }
            }
        } else if (auto done = follow(f); !done) {
            return done;
        }
    }
    return {};
}

result<void> scanner::enter(std::uint64_t index) {
    auto& o = objects_[index];
    if (!is_container(o.what)) {
        o.state = visit::done;
        o.octets = o.count;
        octets_ += o.count;
        if (octets_ > expansion * bounds_.max_bytes) {
            return fail(errc::too_large, "overlapping strings");
        }
        const auto text = data_.subspan(o.start, o.count);
        if ((o.what == kind::string && !is_plain_utf8(text)) ||
            (o.what == kind::utf16 && !is_plain_utf16(text))) {
            return bad(index, "string is badly encoded");
        }
        return {};
    }
    // Each container entered stands at least once in the expansion, so this bounds the work too.
    edges_ += o.what == kind::dict ? 2 * o.count : o.count;
    if (edges_ > bounds_.max_nodes) {
        return too_many();
    }
    if (stack_.size() >= bounds_.max_depth) {
        return fail(errc::too_deep, "at most " + std::to_string(bounds_.max_depth) + " levels");
    }
    o.state = visit::open;
    o.height = 1;
    stack_.push_back({static_cast<std::uint32_t>(index), 0});
    return {};
}

result<void> scanner::follow(frame& f) {
    auto& parent = objects_[f.index];
    const auto child = number(parent.start + f.next * ref_size_, ref_size_);
    const bool is_key = parent.what == kind::dict && f.next < parent.count;
    ++f.next;
    if (child >= count_) {
        return bad(f.index, "reference to no object");
    }
    auto& o = objects_[child];
    if (is_key && !is_string(o.what)) {
        return bad(f.index, "key is not a string");
    }
    if (o.state == visit::open) {
        return bad(f.index, "contains itself");
    }
    if (o.state == visit::fresh) {
        if (auto done = enter(child); !done) {
            return done;
        }
        if (o.state == visit::open) {
            return {}; // added when it is finished
        }
    }
    return add(parent, o);
}

result<void> scanner::add(object& parent, const object& child) {
    parent.nodes += child.nodes;
    parent.octets += child.octets;
    parent.height = std::max(parent.height, child.height + 1);
    if (parent.nodes > bounds_.max_nodes) {
        return too_many();
    }
    if (parent.octets > expansion * bounds_.max_bytes) {
        return fail(errc::too_large, "shared strings expand too far");
    }
    // The parent is the top of the stack: what hangs below it adds to its own depth.
    if (stack_.size() + parent.height - 1 > bounds_.max_depth) {
        return fail(errc::too_deep, "at most " + std::to_string(bounds_.max_depth) + " levels");
    }
    return {};
}

} // namespace

result<void> scan_binary(bytes_view data, const limits& bounds) {
    return scanner{data, bounds}.run();
}

} // namespace pomona::plist
