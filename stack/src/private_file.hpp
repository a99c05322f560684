// Files and folders that only their owner may read.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/stack/key_pool.hpp"

#include <filesystem>

namespace pomona::stack {

/// Makes the folder (0700) where it is missing; an existing one of ours is closed to others.
result<void> make_private_folder(const std::filesystem::path& folder);

/// Mode 0600; written beside its place, synced and renamed: whole or not at all.
result<void> write_private_file(const std::filesystem::path& file, bytes_view content);

/// nullopt when there is no such file; an error when it is no plain file, cannot be read, or is
/// larger than `max_bytes`.
result<std::optional<bytes>> read_private_file(const std::filesystem::path& file,
                                               std::size_t max_bytes);

/// An exclusive lock among processes, held while the object lives.
class folder_lock {
  public:
    static result<folder_lock> take(const std::filesystem::path& folder);
    folder_lock(folder_lock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    folder_lock(const folder_lock&) = delete;
    folder_lock& operator=(const folder_lock&) = delete;
    folder_lock& operator=(folder_lock&&) = delete;
    ~folder_lock();

  private:
    explicit folder_lock(int descriptor) : descriptor_{descriptor} {}
    int descriptor_;
};

} // namespace pomona::stack
