#include "key_batch.hpp"

#include "pomona/foundation/encoding.hpp"
#include "private_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>

namespace pomona::stack {

namespace {

constexpr std::string_view magic = "pomona-keys 1 ";
constexpr std::string_view prefix = "batch-";
constexpr std::size_t hash_digits = 64;
constexpr std::size_t max_head_bytes = magic.size() + 20 + 1 + hash_digits + 1;
/// An RSA-2048 key is some 1220 bytes.
constexpr std::size_t max_key_bytes = 4096;
constexpr std::size_t max_batch_bytes = max_head_bytes + keys_a_batch * (max_key_bytes + 4);

struct batch_head {
    std::size_t count = 0;
    std::string_view hash;
    std::size_t bytes_long = 0;
};

std::optional<batch_head> read_head(std::string_view text) {
    const auto end = text.substr(0, max_head_bytes).find('\n');
    if (end == text.npos || !text.starts_with(magic)) {
        return std::nullopt;
    }
    batch_head out;
    out.bytes_long = end + 1;
    auto rest = text.substr(magic.size(), end - magic.size());
    const auto [stop, code] = std::from_chars(rest.data(), rest.data() + rest.size(), out.count);
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
    if (code != std::errc{} || out.count > keys_a_batch || !rest.starts_with(' ') ||
        rest.size() != hash_digits + 1) {
        return std::nullopt;
    }
    out.hash = rest.substr(1);
    return out;
}

std::unexpected<error> damaged(const std::filesystem::path& file) {
    return fail(errc::damaged, file.string() + " is not a file of the key pool as it was written; "
                                               "delete it and its keys are made anew");
}

/// The number in "batch-000007.keys"; nullopt for any other name.
std::optional<std::size_t> number_of(const std::filesystem::path& file) {
    const auto name = file.filename().string();
    std::size_t number = 0;
    if (!name.starts_with(prefix) || !name.ends_with(".keys")) {
        return std::nullopt;
    }
    const auto* const begin = name.data() + prefix.size();
    const auto* const end = name.data() + name.size() - 5;
    const auto [stop, code] = std::from_chars(begin, end, number);
    return code == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

} // namespace

bytes write_batch(const std::vector<bytes>& keys) {
    bytes content;
    for (const auto& der : keys) {
        for (const unsigned shift : {24U, 16U, 8U, 0U}) {
            content.push_back(static_cast<std::uint8_t>(der.size() >> shift));
        }
        content.insert(content.end(), der.begin(), der.end());
    }
    auto out = to_bytes(std::string{magic} + std::to_string(keys.size()) + " " +
                        to_hex(crypto::sha256(content)) + "\n");
    out.insert(out.end(), content.begin(), content.end());
    return out;
}

result<std::vector<bytes>> read_batch(bytes_view content) {
    const auto head = read_head(as_text(content));
    if (!head || to_hex(crypto::sha256(content.subspan(head->bytes_long))) != head->hash) {
        return fail(errc::damaged, "head or hash");
    }
    auto rest = content.subspan(head->bytes_long);
    std::vector<bytes> out;
    while (rest.size() >= 4) {
        std::size_t length = 0;
        for (const auto byte : rest.first(4)) {
            length = length << 8U | byte;
        }
        rest = rest.subspan(4);
        if (length > rest.size()) {
            return fail(errc::damaged, "length of a key");
        }
        const auto der = rest.first(length);
        out.emplace_back(der.begin(), der.end());
        rest = rest.subspan(length);
    }
    if (!rest.empty() || out.size() != head->count) {
        return fail(errc::damaged, "number of keys");
    }
    return out;
}

std::vector<std::filesystem::path> batch_files(const std::filesystem::path& folder) {
    std::vector<std::pair<std::size_t, std::filesystem::path>> found;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator{folder, code}) {
        if (const auto number = number_of(entry.path())) {
            found.emplace_back(*number, entry.path());
        }
    }
    std::ranges::sort(found);
    std::vector<std::filesystem::path> out;
    for (auto& [number, path] : found) {
        out.push_back(std::move(path));
    }
    return out;
}

result<std::vector<bytes>> read_keys(const std::filesystem::path& folder, std::size_t count) {
    std::vector<bytes> out;
    for (const auto& file : batch_files(folder)) {
        if (out.size() >= count) {
            break;
        }
        auto content = read_private_file(file, max_batch_bytes);
        if (!content) {
            return std::unexpected(content.error());
        }
        if (!*content) {
            continue; // gone since the folder was read
        }
        auto keys = read_batch(**content);
        if (!keys) {
            return damaged(file);
        }
        std::ranges::move(*keys, std::back_inserter(out));
    }
    out.resize(std::min(out.size(), count));
    return out;
}

result<void> append_batch(const std::filesystem::path& folder, const std::vector<bytes>& keys) {
    const auto files = batch_files(folder);
    const auto number = files.empty() ? 0 : *number_of(files.back()) + 1;
    auto digits = std::to_string(number);
    digits.insert(0, 6 - std::min<std::size_t>(digits.size(), 6), '0');
    return write_private_file(folder / (std::string{prefix} + digits + ".keys"), write_batch(keys));
}

result<std::size_t> count_keys(const std::filesystem::path& folder) {
    std::size_t out = 0;
    for (const auto& file : batch_files(folder)) {
        std::string head(max_head_bytes, '\0');
        std::ifstream in{file, std::ios::binary};
        in.read(head.data(), static_cast<std::streamsize>(head.size()));
        head.resize(static_cast<std::size_t>(in.gcount()));
        const auto read = read_head(head);
        if (!read) {
            return damaged(file);
        }
        out += read->count;
    }
    return out;
}

} // namespace pomona::stack
