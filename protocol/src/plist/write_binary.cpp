// CFBinaryPList: objects in the order of a walk over the tree, equal strings shared, the offset
// table, the trailer.
#include "write_binary.hpp"

#include "scan.hpp"
#include "text.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace pomona::plist {
namespace {

using index = std::uint32_t;

void put(bytes& out, std::uint64_t number, std::size_t size) {
    for (auto shift = 8 * size; shift > 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(number >> (shift - 8)));
    }
}

std::size_t octets_for(std::uint64_t number) {
    return number <= 0xff ? 1 : number <= 0xffff ? 2 : number <= 0xffffffff ? 4 : 8;
}

void put_integer(bytes& out, std::uint64_t number) {
    const auto size = octets_for(number);
    out.push_back(static_cast<std::uint8_t>(0x10U + static_cast<unsigned>(std::countr_zero(size))));
    put(out, number, size);
}

void put_header(bytes& out, unsigned type, std::uint64_t count) {
    out.push_back(static_cast<std::uint8_t>(type << 4U | std::min<std::uint64_t>(count, 15)));
    if (count >= 15) {
        put_integer(out, count);
    }
}

/// UTF-16, big-endian, of valid UTF-8.
bytes to_utf16(std::string_view text) {
    bytes out;
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<std::uint8_t>(text[at]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        std::uint32_t code = length == 1 ? lead : lead & (0xffU >> (length + 1));
        for (std::size_t i = 1; i < length; ++i) {
            code = code << 6U | (static_cast<std::uint8_t>(text[at + i]) & 0x3fU);
        }
        if (code >= 0x10000) {
            put(out, 0xd800 + ((code - 0x10000) >> 10U), 2);
            code = 0xdc00 + ((code - 0x10000) & 0x3ffU);
        }
        put(out, code, 2);
        at += length;
    }
    return out;
}

struct object {
    bytes head;              ///< marker, count and content; containers have no content
    std::vector<index> refs; ///< of a dictionary: all keys, then all values
};

class writer {
  public:
    bytes run(const value& root) {
        add(root);
        const auto ref_size = octets_for(objects_.size() - 1);
        bytes out = to_bytes(binary_magic);
        std::vector<std::uint64_t> offsets;
        offsets.reserve(objects_.size());
        for (const auto& o : objects_) {
            offsets.push_back(out.size());
            out.insert(out.end(), o.head.begin(), o.head.end());
            for (const auto ref : o.refs) {
                put(out, ref, ref_size);
            }
        }
        const auto table = out.size();
        const auto offset_size = octets_for(table);
        for (const auto offset : offsets) {
            put(out, offset, offset_size);
        }
        put(out, 0, 6);
        put(out, offset_size, 1);
        put(out, ref_size, 1);
        put(out, objects_.size(), 8);
        put(out, 0, 8); // the root is the first object
        put(out, table, 8);
        return out;
    }

    index operator()(const std::string& text) {
        auto clean = representable(text, form::binary);
        const auto [found, is_new] = strings_.try_emplace(std::move(clean), next());
        if (!is_new) {
            return found->second;
        }
        const auto& content = found->first;
        const bool ascii = std::ranges::all_of(
            content, [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
        const auto data = ascii ? to_bytes(content) : to_utf16(content);
        return leaf(sized(ascii ? 0x5U : 0x6U, ascii ? data.size() : data.size() / 2, data));
    }
    index operator()(std::int64_t number) {
        bytes head;
        put_integer(head, static_cast<std::uint64_t>(number)); // negative: eight octets
        return leaf(std::move(head));
    }
    index operator()(double number) { return leaf(eight(0x23, number)); }
    index operator()(bool flag) { return leaf({static_cast<std::uint8_t>(flag ? 0x09 : 0x08)}); }
    index operator()(const bytes& data) { return leaf(sized(0x4, data.size(), data)); }
    index operator()(time_point date) {
        using namespace std::chrono;
        constexpr sys_seconds apple_epoch = sys_days{year{2001} / January / 1};
        const auto since = floor<seconds>(date) - apple_epoch;
        return leaf(eight(0x33, static_cast<double>(since.count())));
    }
    index operator()(const array& items) {
        const auto own = container(0xa, items.size());
        std::vector<index> refs;
        refs.reserve(items.size());
        for (const auto& item : items) {
            refs.push_back(add(item));
        }
        objects_[own].refs = std::move(refs);
        return own;
    }
    index operator()(const dict& entries) {
        const auto own = container(0xd, entries.size());
        std::vector<index> refs;
        refs.reserve(2 * entries.size());
        for (const auto& e : entries) {
            refs.push_back((*this)(e.key));
        }
        for (const auto& e : entries) {
            refs.push_back(add(e.item));
        }
        objects_[own].refs = std::move(refs);
        return own;
    }

  private:
    index add(const value& v) { return std::visit(*this, v.variant()); }
    index next() const { return static_cast<index>(objects_.size()); }
    index leaf(bytes head) {
        objects_.push_back({std::move(head), {}});
        return next() - 1;
    }
    index container(unsigned type, std::size_t count) { return leaf(sized(type, count, {})); }
    static bytes sized(unsigned type, std::size_t count, bytes_view content) {
        bytes head;
        put_header(head, type, count);
        head.insert(head.end(), content.begin(), content.end());
        return head;
    }
    static bytes eight(std::uint8_t marker, double number) {
        bytes head{marker};
        put(head, std::bit_cast<std::uint64_t>(number), 8);
        return head;
    }

    std::vector<object> objects_;
    std::unordered_map<std::string, index> strings_;
};

} // namespace

bytes write_binary(const value& root) {
    return writer{}.run(root);
}

} // namespace pomona::plist
