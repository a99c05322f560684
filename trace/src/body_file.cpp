#include "body_file.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <algorithm>
#include <fstream>

namespace pomona::trace {
namespace {

constexpr std::size_t max_body_bytes = 64U << 20U;

} // namespace

std::optional<bytes> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) {
        return std::nullopt;
    }
    const auto size = std::filesystem::file_size(path, ignored);
    std::ifstream file{path, std::ios::binary};
    if (ignored || size > max_bytes || !file) {
        return std::nullopt;
    }
    bytes out(static_cast<std::size_t>(size));
    file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    if (static_cast<std::size_t>(file.gcount()) != out.size()) {
        return std::nullopt;
    }
    return out;
}

std::optional<bytes> read_body(const std::filesystem::path& folder, const std::string& sha256) {
    const bool is_hash = sha256.size() == 64 && std::ranges::all_of(sha256, [](char c) {
                             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                         });
    if (!is_hash) {
        return std::nullopt;
    }
    auto content = read_file(folder / "bodies" / sha256, max_body_bytes);
    if (content && to_hex(crypto::sha256(*content)) != sha256) {
        return std::nullopt;
    }
    return content;
}

} // namespace pomona::trace
