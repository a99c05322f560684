// The push service's tokens on disk: without them the first push after a start is answered
// BadDeviceToken, and a provider that heeds it never pushes to that Mac again (APNS-047).
#pragma once

#include "pomona/sim/apns/service.hpp"
#include "pomona/stack/key_pool.hpp" // errc

#include <filesystem>
#include <utility>
#include <vector>

namespace pomona::stack {

/// An append-only file (0600) of a JSON object a line: "device", "topic", "token" in hex; of a dead
/// token also "dead_since" and "reason". The last line of a token counts. It survives the end of
/// the process at any moment; not, Choice, that of the machine: nothing is synced.
class token_file {
  public:
    struct opened;
    /// Reads what there is and writes it anew, a line a token. A last line without its end is what
    /// a killed process leaves, and its device was never answered: it is dropped. Any other line
    /// that is no record is an error with the line's number.
    static result<opened> open(std::filesystem::path file);

    token_file(token_file&& other) noexcept
        : file_{std::move(other.file_)}, descriptor_{std::exchange(other.descriptor_, -1)} {}
    token_file(const token_file&) = delete;
    token_file& operator=(const token_file&) = delete;
    token_file& operator=(token_file&&) = delete;
    ~token_file();

    /// False when it could not be written, which is logged; the file is then as before.
    bool add(const sim::apns::token_record& one);

  private:
    token_file(std::filesystem::path file, int descriptor)
        : file_{std::move(file)}, descriptor_{descriptor} {}
    std::filesystem::path file_;
    int descriptor_;
};

struct token_file::opened {
    token_file file;
    std::vector<sim::apns::token_record> tokens; ///< the older before the newer
};

} // namespace pomona::stack
