// How failures of parsing, cryptography and I/O set-up travel: std::expected with an error that
// keeps our own words apart from what a peer sent.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace pomona {

/// A failure. `code` is for programs, the texts are for people.
struct error {
    std::error_code code; ///< a value of a layer's own category (plist_errc, crypto_errc, ...)
    std::string detail;   ///< ours: what was being done, which key or offset
    std::string peer;     ///< the peer's own text, unescaped; escape it before it is shown

    /// "<code's message>: <detail> (peer said \"<escaped peer text>\")", parts left out when empty.
    [[nodiscard]] std::string message() const;
};

template <class T>
using result = std::expected<T, error>;

/// `return fail(errc::too_deep, "at byte 12");`
inline std::unexpected<error> fail(std::error_code code, std::string detail = {},
                                   std::string peer = {}) {
    return std::unexpected(error{code, std::move(detail), std::move(peer)});
}

/// Peer-supplied text made safe for a terminal or log: control characters and non-ASCII bytes as
/// \xNN, cut at `max_bytes` with an ellipsis.
std::string escape(std::string_view text, std::size_t max_bytes = 200);

} // namespace pomona

/// Declares an error enum as usable with std::error_code. Use at global scope, after the enum; the
/// enum's namespace has to have `std::error_code make_error_code(ENUM)`.
#define POMONA_ERROR_ENUM(ENUM)                                                                    \
    template <>                                                                                    \
    struct std::is_error_code_enum<ENUM> : std::true_type {}
