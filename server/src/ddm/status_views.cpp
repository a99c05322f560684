#include "ddm/status_views.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>

namespace pomona::server {
namespace {

using nlohmann::json;

std::string text_of(const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

json items_of(const ddm_status_row& row) {
    auto read = json::parse(row.items, nullptr, false);
    return read.is_object() ? std::move(read) : json::object();
}

json errors_of(const ddm_status_row& row) {
    auto read = json::parse(row.errors, nullptr, false);
    return read.is_array() ? std::move(read) : json::array();
}

json received_of(const ddm_status_row& row) {
    return row.received ? json(to_rfc3339(*row.received)) : json(nullptr);
}

/// Calls `visit(kind, status)` for each entry of management.declarations.
void each_declaration(const json& items,
                      const std::function<void(const std::string&, const json&)>& visit) {
    const auto found = items.find("management");
    if (found == items.end() || !found->is_object() || !found->contains("declarations") ||
        !(*found)["declarations"].is_object()) {
        return;
    }
    for (const auto& [kind, list] : (*found)["declarations"].items()) {
        if (!list.is_array()) {
            continue;
        }
        for (const auto& one : list) {
            if (one.is_object()) {
                visit(kind, one);
            }
        }
    }
}

void flatten(const json& node, const std::string& path, const json& received, json& out) {
    if (path == ".StatusItems.management.declarations") {
        return;
    }
    if (node.is_object()) {
        for (const auto& [key, child] : node.items()) {
            flatten(child, path + '.' + key, received, out);
        }
        return;
    }
    out.push_back({{"path", path}, {"value", node}, {"timestamp", received}});
}

} // namespace

std::string declaration_status_view(const ddm_status_row& row, const declared& d) {
    auto out = json::array();
    each_declaration(items_of(row), [&](const std::string&, const json& one) {
        auto shown = one;
        const auto identifier = one.value("identifier", json(nullptr));
        const auto token = one.value("server-token", json(nullptr));
        shown["current"] = std::ranges::any_of(d.items, [&](const stored_declaration& item) {
            return identifier == item.identifier && token == item.server_token;
        });
        shown["status_received"] = received_of(row);
        out.push_back(std::move(shown));
    });
    return text_of(out);
}

std::string status_values_view(const ddm_status_row& row) {
    auto out = json::array();
    flatten(items_of(row), ".StatusItems", received_of(row), out);
    return text_of(out);
}

std::string status_errors_view(const ddm_status_row& row) {
    auto out = json::array();
    for (const auto& e : errors_of(row)) {
        out.push_back({{"path", ".Errors"}, {"error", e}, {"timestamp", received_of(row)}});
    }
    each_declaration(items_of(row), [&](const std::string& kind, const json& one) {
        if (one.value("valid", json(nullptr)) == "invalid") {
            out.push_back({{"path", ".StatusItems.management.declarations." + kind},
                           {"error", one},
                           {"timestamp", received_of(row)}});
        }
    });
    return text_of(out);
}

std::string status_view(const ddm_status_row& row) {
    return text_of({{"StatusItems", items_of(row)},
                    {"Errors", errors_of(row)},
                    {"received", received_of(row)}});
}

} // namespace pomona::server
