#include "mac/capabilities.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pomona::sim::mac {
namespace {

constexpr std::array<std::string_view, 9> models_with_t2{
    "MacBookPro15,", "MacBookPro16,", "MacBookAir8,", "MacBookAir9,", "Macmini8,",
    "MacPro7,",      "iMacPro1,",     "iMac20,1",     "iMac20,2"};

constexpr std::array<std::string_view, 3> families_with_lom{"Mac mini", "Mac Pro", "Mac Studio"};

} // namespace

bool has_t2(const persona& kind) {
    return std::ranges::any_of(models_with_t2,
                               [&](std::string_view m) { return kind.model.starts_with(m); });
}

bool can_erase_content(const persona& kind) {
    return kind.apple_silicon || has_t2(kind);
}

bool pin_required_for_erase(const persona& kind) {
    return !can_erase_content(kind);
}

bool pin_required_for_lock(const persona& /*kind*/) {
    return true;
}

bool supports_lom(const persona& kind) {
    return std::ranges::find(families_with_lom, kind.model_name) != families_with_lom.end();
}

} // namespace pomona::sim::mac
