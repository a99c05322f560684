#include "real/refusal_log.hpp"

#include <spdlog/spdlog.h>

namespace pomona::net::real {

namespace {
constexpr std::size_t lines_a_window = 30;
constexpr auto window_length = std::chrono::minutes{1};
constexpr std::size_t longest_text = 200;
} // namespace

std::string_view to_text(refusal kind) {
    constexpr std::array<std::string_view, refusal_kinds> names{
        "answer",  "handshake", "malformed", "broken_off",
        "timeout", "stalled",   "flood",     "overload"};
    return names.at(static_cast<std::size_t>(kind));
}

refusal_log::refusal_log(std::string service, sink write)
    : service_{std::move(service)}, write_{std::move(write)} {
    if (!write_) {
        write_ = [](const std::string& line) { spdlog::warn("{}", line); };
    }
}

void refusal_log::note(time_point now, refusal kind, const endpoint& client, std::string_view what,
                       unsigned status) {
    auto& of_kind = windows_[{kind, status}];
    if (of_kind.lines == 0 || now - of_kind.began >= window_length) {
        of_kind.began = now;
        of_kind.lines = 0;
    }
    if (of_kind.lines >= lines_a_window) {
        ++of_kind.left_out;
        return;
    }
    ++of_kind.lines;
    auto line = service_ + " refused (" + std::string{to_text(kind)} + ") " + net::to_text(client) +
                ": " + escape(what, longest_text);
    if (const auto left_out = std::exchange(of_kind.left_out, 0); left_out > 0) {
        line += " (and " + std::to_string(left_out) + " more of this kind before)";
    }
    write_(line);
}

} // namespace pomona::net::real
