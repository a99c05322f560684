#include "faults.hpp"

#include "pomona/faults/catalogue.hpp"
#include "pomona/scenario/source.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>

namespace pomona::cli {
namespace {

bool acts_on_answers(const faults::fault& f) {
    return f.acts_on == faults::target::answer;
}

nlohmann::ordered_json to_json(const faults::fault& f) {
    auto parameters = nlohmann::ordered_json::array();
    for (const auto& p : f.parameters) {
        parameters.push_back({{"name", p.name},
                              {"default", p.standard},
                              {"bounds", faults::bounds_of(p)},
                              {"about", p.about}});
    }
    return {{"id", f.id},
            {"tier", faults::to_text(f.tier)},
            {"acts_on", acts_on_answers(f) ? "answer" : "request"},
            {"needs_h2", f.needs_h2},
            {"does", f.does},
            {"expect", f.expect},
            {"source", f.source},
            {"parameters", std::move(parameters)}};
}

} // namespace

exit_code list_faults(bool json) {
    auto all = nlohmann::ordered_json::array();
    for (const auto& f : faults::catalogue()) {
        all.push_back(to_json(f));
        if (!json) {
            std::cout << fmt::format("{:<18} {:<8} {:<3} {}\n", f.id, faults::to_text(f.tier),
                                     f.needs_h2 ? "h2" : "", f.does);
        }
    }
    if (json) {
        std::cout << all.dump(2) << '\n';
    }
    return exit_code::ok;
}

bool explain_fault(const std::string& id, bool json) {
    const auto* f = faults::find(id);
    if (f == nullptr) {
        return false;
    }
    if (json) {
        std::cout << to_json(*f).dump(2) << '\n';
        return true;
    }
    std::cout << fmt::format("{}: {}\n\n  tier     {}, {}\n  acts on  {}\n  expect   {}\n"
                             "  source   {}\n",
                             f->id, f->does, faults::to_text(f->tier),
                             f->tier == faults::tier::message ? "both worlds"
                             : f->needs_h2                    ? "real world only, over HTTP/2"
                                                              : "real world only",
                             acts_on_answers(*f) ? "the answer to a message of a Mac"
                                                 : "a message of a Mac",
                             f->expect, f->source);
    for (const auto& p : f->parameters) {
        std::cout << fmt::format("  with     {}: {} ({}; {} unless set)\n", p.name, p.about,
                                 faults::bounds_of(p), p.standard);
    }
    return true;
}

std::string nearest_fault(const std::string& id) {
    return scenario::nearest(id, faults::ids());
}

} // namespace pomona::cli
