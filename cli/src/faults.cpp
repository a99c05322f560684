#include "faults.hpp"

#include "pomona/faults/catalogue.hpp"
#include "pomona/scenario/source.hpp"
#include "pomona/sim/abm/fault.hpp"
#include "pomona/sim/apns/fault.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>
#include <vector>

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

/// A fault of an emulated service, which `pomona ctl` orders.
struct service_fault {
    std::string_view service;
    std::string_view id;
    std::string_view does;
};

std::vector<service_fault> service_faults() {
    std::vector<service_fault> out;
    for (const auto one : sim::apns::all_faults()) {
        out.push_back({"apns", sim::apns::name_of(one), sim::apns::about(one)});
    }
    for (const auto one : sim::abm::all_faults()) {
        out.push_back({"abm", sim::abm::to_text(one), sim::abm::about(one)});
    }
    return out;
}

std::string order_of(const service_fault& f) {
    return fmt::format("pomona ctl {} fault {}", f.service, f.id);
}

nlohmann::ordered_json to_json(const service_fault& f) {
    return {{"id", f.id}, {"tier", f.service}, {"does", f.does}, {"order", order_of(f)}};
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
    for (const auto& f : service_faults()) {
        all.push_back(to_json(f));
        if (!json) {
            std::cout << fmt::format("{:<18} {:<12} {}\n", f.id, f.service, f.does);
        }
    }
    if (json) {
        std::cout << all.dump(2) << '\n';
    }
    return exit_code::ok;
}

namespace {

/// Both services may have one of that name.
bool explain_service_faults(const std::string& id, bool json) {
    auto found = service_faults();
    std::erase_if(found, [&](const service_fault& f) { return f.id != id; });
    auto all = nlohmann::ordered_json::array();
    for (const auto& f : found) {
        all.push_back(to_json(f));
        if (!json) {
            std::cout << fmt::format("{}: {}\n\n  of       {}\n  order    {}\n", f.id, f.does,
                                     f.service == "apns" ? "the emulated push service"
                                                         : "the emulated Apple Business Manager",
                                     order_of(f));
        }
    }
    if (json && !found.empty()) {
        std::cout << all.dump(2) << '\n';
    }
    return !found.empty();
}

} // namespace

bool explain_fault(const std::string& id, bool json) {
    const auto* f = faults::find(id);
    if (f == nullptr) {
        return explain_service_faults(id, json);
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
    auto all = faults::ids();
    for (const auto& f : service_faults()) {
        all.push_back(f.id);
    }
    return scenario::nearest(id, all);
}

} // namespace pomona::cli
