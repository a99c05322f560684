#include "scep_reading.hpp"

#include <algorithm>

namespace pomona::checks {

std::vector<const exchange*> scep_operations(const trace_view& run, std::string_view operation) {
    std::vector<const exchange*> out;
    for (const auto& x : run.of_channel("scep")) {
        if (x.request->summary.text("operation") == operation) {
            out.push_back(&x);
        }
    }
    return out;
}

std::string ca_of(const trace::event& e) {
    return e.peer + std::string{net::path_of(e.target)};
}

bool is_same_word(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_capability(const trace::event& caps, std::string_view word) {
    const auto* list = list_of(caps.summary, "caps");
    return list != nullptr &&
           std::ranges::any_of(*list, [&](const auto& w) { return is_same_word(w, word); });
}

} // namespace pomona::checks
