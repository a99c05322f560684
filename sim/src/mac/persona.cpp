#include "pomona/sim/mac/persona.hpp"

#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pomona::sim::mac {
namespace {

/// Real models and builds; one more release or model is one more entry.
const std::vector<persona>& all_personas() {
    static const std::vector<persona> personas{
        {.name = "macos-14-apple-silicon",
         .model = "Mac14,2",
         .model_name = "MacBook Air",
         .marketing_name = "MacBook Air (M2, 2022)",
         .os_version = "14.7.1",
         .build_version = "23H222",
         .user_agent = std::string{mdm::mac_user_agent},
         .network_agent = "CFNetwork/1498.700.2 Darwin/23.6.0",
         .model_number = "MLY33LL/A",
         .board = "J413AP",
         .chip = "8112"},
        {.name = "macos-15-apple-silicon",
         .model = "Mac15,12",
         .model_name = "MacBook Air",
         .marketing_name = "MacBook Air (13-inch, M3, 2024)",
         .os_version = "15.1",
         .build_version = "24B83",
         .user_agent = std::string{mdm::mac_user_agent},
         .network_agent = "CFNetwork/1568.200.51 Darwin/24.1.0",
         .model_number = "MRXV3LL/A",
         .board = "J613AP",
         .chip = "8122"},
        {.name = "macos-26-apple-silicon",
         .model = "Mac16,10",
         .model_name = "Mac mini",
         .marketing_name = "Mac mini (2024)",
         .os_version = "26.0",
         .build_version = "25A354",
         .has_battery = false,
         .user_agent = std::string{mdm::mac_user_agent},
         .network_agent = "CFNetwork/3860.100.1 Darwin/25.0.0",
         .model_number = "MU9D3LL/A",
         .board = "J773gAP",
         .chip = "8132"},
        {.name = "macos-15-intel",
         .model = "MacBookPro16,1",
         .model_name = "MacBook Pro",
         .marketing_name = "MacBook Pro (16-inch, 2019)",
         .os_version = "15.1",
         .build_version = "24B83",
         .apple_silicon = false,
         .user_agent = std::string{mdm::mac_user_agent},
         .network_agent = "CFNetwork/1568.200.51 Darwin/24.1.0",
         .model_number = "MVVJ2LL/A",
         .board = "J152fAP",
         .chip = {}},
    };
    return personas;
}

constexpr std::array offers{std::pair{http_offer::negotiate, std::string_view{"negotiate"}},
                            std::pair{http_offer::h2, std::string_view{"h2"}},
                            std::pair{http_offer::http_1_1, std::string_view{"http/1.1"}}};

} // namespace

std::string_view to_text(http_offer o) {
    const auto found = std::ranges::find(offers, o, [](const auto& p) { return p.first; });
    return found == offers.end() ? std::string_view{} : found->second;
}

std::optional<http_offer> find_http_offer(std::string_view text) {
    const auto found = std::ranges::find(offers, text, [](const auto& p) { return p.second; });
    return found == offers.end() ? std::nullopt : std::optional{found->first};
}

std::vector<std::string> http_offer_names() {
    std::vector<std::string> out;
    for (const auto& [offer, name] : offers) {
        out.emplace_back(name);
    }
    return out;
}

std::vector<std::string> alpn_of(http_offer o) {
    if (o == http_offer::negotiate) {
        return {"h2", "http/1.1"};
    }
    return {std::string{to_text(o)}};
}

const persona* find_persona(std::string_view name) {
    const auto& all = all_personas();
    const auto found = std::ranges::find(all, name, &persona::name);
    return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> persona_names() {
    std::vector<std::string> out;
    for (const auto& p : all_personas()) {
        out.push_back(p.name);
    }
    return out;
}

} // namespace pomona::sim::mac
