#include "personas.hpp"

#include "pomona/foundation/source.hpp"
#include "pomona/sim/mac/persona.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>

namespace pomona::cli {
namespace {

using sim::mac::persona;

std::string_view os_name(const persona& p) {
    switch (p.platform) {
    case sim::mac::platform::macos:
        return "macOS";
    case sim::mac::platform::ios:
        return "iOS";
    case sim::mac::platform::ipados:
        return "iPadOS";
    case sim::mac::platform::tvos:
        return "tvOS";
    }
    return "";
}

std::string os_of(const persona& p) {
    return fmt::format("{} {}", os_name(p), p.os_version);
}

/// "laptop, Apple silicon", "desktop, Intel", "phone, wire only".
std::string kind_of(const persona& p) {
    const auto* const chip = p.apple_silicon ? "Apple silicon" : p.t2 ? "Intel, T2" : "Intel";
    return fmt::format("{}, {}", to_text(p.form), p.is_mac() ? chip : "wire only");
}

nlohmann::ordered_json to_json(const persona& p) {
    auto quirks = nlohmann::ordered_json::array();
    for (const auto& q : p.notes->quirks) {
        quirks.push_back({{"name", q.name}, {"source", q.source}});
    }
    return {{"name", p.name},
            {"about", p.notes->about},
            {"platform", to_text(p.platform)},
            {"form", to_text(p.form)},
            {"model", p.model},
            {"model_name", p.model_name},
            {"marketing_name", p.marketing_name},
            {"model_number", p.model_number},
            {"board", p.board},
            {"chip", p.chip},
            {"os", p.os_version},
            {"build", p.build_version},
            {"apple_silicon", p.apple_silicon},
            {"t2", p.t2},
            {"battery", p.has_battery},
            {"touch_id", p.touch_id},
            {"power_nap", p.power_nap},
            {"bootstrap_token", to_text(p.bootstrap)},
            {"user_agent", p.user_agent},
            {"network_agent", p.network_agent},
            {"ade_agent", p.ade_agent},
            {"udid", to_text(p.udid)},
            {"user_id", p.constant_user_id},
            {"cms_attributes", to_text(p.signs_with)},
            {"cms_chain", to_text(p.machine_info_chain)},
            {"quirks", std::move(quirks)}};
}

std::string capabilities_of(const persona& p) {
    std::string out;
    for (const auto& [has, word] : {std::pair{p.has_battery, "battery"},
                                    {p.touch_id, "Touch ID"},
                                    {p.t2, "T2"},
                                    {p.power_nap, "Power Nap"}}) {
        if (has) {
            out += (out.empty() ? "" : ", ") + std::string{word};
        }
    }
    return out.empty() ? "none of battery, Touch ID, T2, Power Nap" : out;
}

} // namespace

exit_code list_personas(bool json) {
    auto all = nlohmann::ordered_json::array();
    for (const auto& name : sim::mac::persona_names()) {
        const auto& p = *sim::mac::find_persona(name);
        if (json) {
            all.push_back(to_json(p));
        } else {
            std::cout << fmt::format("{:<32}{:<16}{:<10}{:<16}{}\n", p.name, os_of(p),
                                     p.build_version, p.model, kind_of(p));
        }
    }
    if (json) {
        std::cout << all.dump(2) << '\n';
    }
    return exit_code::ok;
}

bool explain_persona(const std::string& name, bool json) {
    const auto* p = sim::mac::find_persona(name);
    if (p == nullptr) {
        return false;
    }
    if (json) {
        std::cout << to_json(*p).dump(2) << '\n';
        return true;
    }
    const auto row = [](std::string_view key, const std::string& text) {
        if (!text.empty()) {
            std::cout << fmt::format("  {:<16}{}\n", key, text);
        }
    };
    std::cout << p->name << ": " << p->notes->about << "\n\n";
    row("model", fmt::format("{} ({})", p->model, p->marketing_name));
    row("model number", p->model_number);
    row("board", p->board);
    row("chip", p->chip);
    row("system", os_of(*p) + " (" + p->build_version + ')');
    row("kind", kind_of(*p));
    row("has", capabilities_of(*p));
    row("bootstrap token", std::string{to_text(p->bootstrap)});
    row("UDID", std::string{to_text(p->udid)});
    row("UserID", p->constant_user_id);
    row("User-Agent", p->user_agent);
    row("of its SCEP", p->network_agent);
    row("of its ADE", p->ade_agent);
    row("signatures", p->signs_with == sim::mac::cms_attributes::none ? "no signed attributes"
                                                                      : "with a signing time");
    row("machine info", p->machine_info_chain == sim::mac::cms_chain::whole
                            ? "with the whole chain"
                            : "with one intermediate");
    for (const auto& q : p->notes->quirks) {
        row("quirk", q.name + " (" + q.source + ')');
    }
    return true;
}

std::string nearest_persona(const std::string& name) {
    const auto names = sim::mac::persona_names();
    return nearest(name, {names.begin(), names.end()});
}

} // namespace pomona::cli
