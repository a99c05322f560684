#include "ddm/status_merge.hpp"

#include "pomona/protocol/ddm/messages.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

namespace pomona::server {
namespace {

using nlohmann::json;

// Status items whose value is a dictionary (schema, statusitems): a report brings the whole value,
// so what is not in it is gone. Every other object is a step of an item's dotted name.
constexpr std::array<std::string_view, 6> dictionary_items{
    "management.client-capabilities", "management.declarations",
    "softwareupdate.failure-reason",  "softwareupdate.install-reason",
    "softwareupdate.pending-version", "test.dictionary-value"};

bool is_removed(const json& element) {
    const auto found = element.find("_removed");
    return found != element.end() && *found == true;
}

bool has_identifiers(const json& list) {
    return std::ranges::all_of(list, [](const json& element) {
        return element.is_object() && element.contains("identifier") &&
               element["identifier"].is_string();
    });
}

/// Apple, StatusReport: an array item brings its changed elements only, each with its identifier; a
/// removed one has `_removed` (DDM-019).
void merge_list(json& into, const json& change) {
    if (!into.is_array() || !has_identifiers(into) || !has_identifiers(change)) {
        into = change; // elements without a key can only be replaced together
        return;
    }
    std::map<std::string, std::size_t> places;
    json out = json::array();
    const auto put = [&](const json& element) {
        const auto& name = element["identifier"].get_ref<const std::string&>();
        if (const auto known = places.find(name); known != places.end()) {
            out[known->second] = element;
        } else {
            places.emplace(name, out.size());
            out.push_back(element);
        }
    };
    std::ranges::for_each(into, put);
    std::ranges::for_each(change, put);
    into = json::array();
    std::ranges::copy_if(out, std::back_inserter(into),
                         [](const json& element) { return !is_removed(element); });
}

// The parser has bounded the depth to 64.
void merge(json& into, const json& change, const std::string& path) {
    const bool whole = std::ranges::find(dictionary_items, path) != dictionary_items.end();
    if (change.is_object() && !whole) {
        if (!into.is_object()) {
            into = json::object();
        }
        for (const auto& [key, item] : change.items()) {
            merge(into[key], item, path.empty() ? key : path + '.' + key);
        }
    } else if (change.is_array()) {
        merge_list(into, change);
    } else {
        into = change;
    }
}

json stored(const std::string& text, json otherwise) {
    auto read = json::parse(text, nullptr, false);
    return text.empty() || read.is_discarded() ? std::move(otherwise) : read;
}

} // namespace

result<merged_status> merge_status_report(const merged_status& before, bytes_view report) {
    const auto read = ddm::parse_json(report);
    if (!read) {
        return std::unexpected(read.error());
    }
    const auto& root = **read;
    if (!root.is_object() || !root.contains("StatusItems") || !root["StatusItems"].is_object()) {
        return fail(ddm::errc::wrong_type, "a status report needs the dictionary StatusItems");
    }
    const auto errors = root.contains("Errors") ? root["Errors"] : json::array();
    if (!errors.is_array()) {
        return fail(ddm::errc::wrong_type, "Errors is not an array");
    }
    // Apple, StatusReport: a full report replaces everything (DDM-020).
    const bool full = root.contains("FullReport") && root["FullReport"] == true;
    json items = full ? json::object() : stored(before.items, json::object());
    merge(items, root["StatusItems"], {});
    // Choice: an incremental report without errors says nothing about earlier ones.
    json kept = errors.empty() && !full ? stored(before.errors, json::array()) : errors;
    constexpr auto lossy = json::error_handler_t::replace;
    return merged_status{items.dump(-1, ' ', false, lossy), kept.dump(-1, ' ', false, lossy)};
}

} // namespace pomona::server
