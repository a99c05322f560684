// Declarative device management: what the server answers and what the Mac reports.
#include "summary_parts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::trace {
namespace {

using nlohmann::json;

/// Status items whose value is an object: their names end there (schema declarative/status, release
/// 26).
constexpr std::array<std::string_view, 9> object_items = {"content-cache.info",
                                                          "content-cache.status",
                                                          "device.system.health",
                                                          "management.client-capabilities",
                                                          "management.declarations",
                                                          "migration-assistant.report",
                                                          "softwareupdate.failure-reason",
                                                          "softwareupdate.install-reason",
                                                          "softwareupdate.pending-version"};

/// A status item's name is a dot path and the report nests it (Apple, "StatusReport"). JSON here
/// has at most 64 levels.
void add_names(std::vector<std::string>& names, const json& at, const std::string& path) {
    for (const auto& [key, value] : at.items()) {
        if (names.size() >= max_list_items) {
            return;
        }
        auto name = path.empty() ? key : path + "." + key;
        const bool is_item = !value.is_object() || value.empty() ||
                             name == "test.dictionary-value" ||
                             std::ranges::find(object_items, name) != object_items.end();
        if (is_item) {
            names.push_back(clipped(name));
        } else if (name.size() < 1024) {
            add_names(names, value, name);
        }
    }
}

const json* find_object(const json& from, std::string_view key) {
    const auto found = from.is_object() ? from.find(key) : from.end();
    return found != from.end() && found->is_object() ? &*found : nullptr;
}

bool says(const json& declaration, std::string_view key, const json& value) {
    const auto found = declaration.find(key);
    return found != declaration.end() && *found == value;
}

void add_declarations(fields& to, const json& declarations) {
    std::int64_t count = 0;
    std::int64_t valid = 0;
    std::int64_t active = 0;
    for (const auto& [kind, list] : declarations.items()) {
        if (!list.is_array()) {
            continue;
        }
        for (const auto& one : list) {
            if (!one.is_object()) {
                continue;
            }
            ++count;
            valid += says(one, "valid", "valid") ? 1 : 0;
            active += says(one, "active", true) ? 1 : 0;
        }
    }
    to.set("status.declarations", count);
    to.set("status.valid", valid);
    to.set("status.active", active);
}

} // namespace

void add_ddm_answer(fields& to, const json& answer) {
    if (const auto* tokens = find_object(answer, "SyncTokens")) {
        take_text(to, *tokens, "DeclarationsToken", "DeclarationsToken");
        take_text(to, *tokens, "Timestamp", "Timestamp");
    }
    take_text(to, answer, "DeclarationsToken", "DeclarationsToken");
    if (const auto* lists = find_object(answer, "Declarations")) {
        constexpr std::pair<std::string_view, std::string_view> names[] = {
            {"Activations", "activations"},
            {"Configurations", "configurations"},
            {"Assets", "assets"},
            {"Management", "management"}};
        for (const auto& [key, name] : names) {
            if (const auto found = lists->find(key); found != lists->end() && found->is_array()) {
                to.set(std::string{name}, static_cast<std::int64_t>(found->size()));
            }
        }
    }
    take_text(to, answer, "Type", "Type");
    take_text(to, answer, "Identifier", "Identifier");
    take_text(to, answer, "ServerToken", "ServerToken");
}

void add_status_report(fields& to, const json& report) {
    if (const auto* items = find_object(report, "StatusItems")) {
        std::vector<std::string> names;
        add_names(names, *items, "");
        to.set("status.items", std::move(names));
        if (const auto* management = find_object(*items, "management")) {
            if (const auto* declarations = find_object(*management, "declarations")) {
                add_declarations(to, *declarations);
            }
        }
    }
    if (const auto errors = report.find("Errors"); errors != report.end() && errors->is_array()) {
        to.set("status.errors", static_cast<std::int64_t>(errors->size()));
    }
    take_flag(to, report, "FullReport", "FullReport");
}

} // namespace pomona::trace
