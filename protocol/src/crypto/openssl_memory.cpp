#include "crypto/openssl_memory.hpp"

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <malloc.h>

namespace pomona::crypto {
namespace {

// RFC 8446 section 5.2: a record has up to 2^14 + 256 octets; OpenSSL adds its own room.
constexpr std::size_t smallest = 16U << 10U;
constexpr std::size_t largest = 18U << 10U;

/// What one thread keeps. Not freed by a destructor: OpenSSL gives memory back after those of the
/// thread have run.
struct kept_blocks {
    std::array<void*, 8> blocks{};
    std::size_t count = 0;
    bool ended = false;
};
thread_local constinit kept_blocks kept;

/// Empties `kept` at the thread's end.
struct thread_end {
    thread_end() = default;
    thread_end(const thread_end&) = delete;
    thread_end& operator=(const thread_end&) = delete;
    ~thread_end() {
        kept.ended = true;
        while (kept.count > 0) {
            std::free(kept.blocks[--kept.count]);
        }
    }
};

bool is_for_a_record(std::size_t size) {
    return size >= smallest && size <= largest;
}

void* take(std::size_t size, const char* /*file*/, int /*line*/) {
    if (size == 0) {
        return nullptr;
    }
    if (!is_for_a_record(size)) {
        return std::malloc(size);
    }
    // All are of the largest size: a block of one connection fits every other.
    return kept.count > 0 ? kept.blocks[--kept.count] : std::malloc(largest);
}

void give_back(void* block, const char* /*file*/, int /*line*/) {
    if (block != nullptr && !kept.ended && kept.count < kept.blocks.size() &&
        ::malloc_usable_size(block) >= largest &&
        ::malloc_usable_size(block) < largest + smallest) {
        static thread_local const thread_end cleaner;
        static_cast<void>(cleaner);
        kept.blocks[kept.count++] = block;
        return;
    }
    std::free(block);
}

void* resize(void* block, std::size_t size, const char* file, int line) {
    if (size == 0) {
        give_back(block, file, line);
        return nullptr;
    }
    return std::realloc(block, size);
}

} // namespace

void keep_record_buffers() {
    CRYPTO_set_mem_functions(take, resize, give_back);
}

} // namespace pomona::crypto
