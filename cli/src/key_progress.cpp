#include "key_progress.hpp"

#include <iostream>
#include <memory>
#include <unistd.h>

namespace pomona::cli {
namespace {

constexpr std::size_t bar_width = 30;

std::string bar(const stack::key_progress& p) {
    const auto filled = p.total == 0 ? bar_width : bar_width * p.done / p.total;
    return '[' + std::string(filled, '#') + std::string(bar_width - filled, '.') + ']';
}

std::string line(const stack::key_progress& p) {
    auto out =
        "making RSA keys " + bar(p) + ' ' + std::to_string(p.done) + '/' + std::to_string(p.total);
    if (p.done < p.total && p.left) {
        out += ", about " + std::to_string(p.left->count()) + " s left";
    }
    return out;
}

} // namespace

stack::progress_function key_progress_bar(bool quiet) {
    if (quiet) {
        return {};
    }
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    return [terminal, last = std::make_shared<std::size_t>(0)](const stack::key_progress& p) {
        if (terminal) {
            std::cerr << '\r' << line(p) << "\x1b[K" << (p.done == p.total ? "\n" : "")
                      << std::flush;
            return;
        }
        // Logs get a line each tenth.
        const auto tenth = p.total == 0 ? 10 : 10 * p.done / p.total;
        if (tenth > *last) {
            *last = tenth;
            std::cerr << line(p) << '\n';
        }
    };
}

} // namespace pomona::cli
