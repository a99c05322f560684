#include "key_blocks.hpp"

namespace pomona::trace {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";
constexpr std::size_t max_label = 64;

/// Where the label of the boundary at `from` says "… PRIVATE KEY": the place behind its last dash.
std::optional<std::size_t> behind_key_boundary(std::string_view text, std::size_t from) {
    const auto label = text.substr(from, max_label);
    const auto close = label.find(dashes);
    if (close == std::string_view::npos || !label.substr(0, close).ends_with("PRIVATE KEY")) {
        return std::nullopt;
    }
    return from + close + dashes.size();
}

} // namespace

std::optional<std::string>
replace_key_blocks(std::string_view text,
                   const std::function<std::string(std::string_view block)>& replace) {
    std::optional<std::string> out;
    std::size_t copied = 0;
    auto at = text.find(begin_mark);
    while (at != std::string_view::npos) {
        if (!behind_key_boundary(text, at + begin_mark.size())) {
            at = text.find(begin_mark, at + begin_mark.size());
            continue;
        }
        std::size_t stop = text.size();
        for (auto e = text.find(end_mark, at); e != std::string_view::npos;
             e = text.find(end_mark, e + end_mark.size())) {
            if (const auto behind = behind_key_boundary(text, e + end_mark.size())) {
                stop = *behind;
                break;
            }
        }
        if (!out) {
            out.emplace();
        }
        *out += text.substr(copied, at - copied);
        *out += replace(text.substr(at, stop - at));
        copied = stop;
        at = text.find(begin_mark, stop);
    }
    if (out) {
        *out += text.substr(copied);
    }
    return out;
}

} // namespace pomona::trace
