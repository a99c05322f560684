// The pool's files: some keys each, in DER, with their hash.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/stack/key_pool.hpp"

#include <filesystem>
#include <vector>

namespace pomona::stack {

/// Choice: large enough that ten thousand keys are some forty files.
inline constexpr std::size_t keys_a_batch = 256;

/// A line "pomona-keys 1 <count> <hex SHA-256 of the rest>", then for each key its length as four
/// bytes, most significant first, and its DER.
bytes write_batch(const std::vector<bytes>& keys);
result<std::vector<bytes>> read_batch(bytes_view content);

/// The batch files of a folder, in order of their numbers.
std::vector<std::filesystem::path> batch_files(const std::filesystem::path& folder);

/// The DER of the first `count` keys of a folder, or of as many as there are.
result<std::vector<bytes>> read_keys(const std::filesystem::path& folder, std::size_t count);

/// Adds a batch after the last one; the caller holds the folder's lock.
result<void> append_batch(const std::filesystem::path& folder, const std::vector<bytes>& keys);

/// How many keys the folder's batches say they have.
result<std::size_t> count_keys(const std::filesystem::path& folder);

} // namespace pomona::stack
