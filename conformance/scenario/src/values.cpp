#include "reader.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace pomona::scenario {
namespace {

constexpr std::uintmax_t max_file_bytes = 4U << 20U;

/// `file:PATH`, relative to the scenario's own folder.
std::optional<bytes> read_file(parse_state& state, const std::string& path, const location& where) {
    const auto full = std::filesystem::path{state.file}.parent_path() / path;
    std::error_code code;
    const auto size = std::filesystem::file_size(full, code);
    std::ifstream in{full, std::ios::binary};
    if (code || !in) {
        state.report(where, "cannot read the file " + full.string(),
                     "paths are relative to the scenario file");
        return std::nullopt;
    }
    if (size > max_file_bytes) {
        state.report(where, full.string() + " is larger than 4 MiB");
        return std::nullopt;
    }
    return bytes{std::istreambuf_iterator<char>{in}, {}};
}

std::optional<plist::value> read_plist_scalar(parse_state& state, const yaml::node& n) {
    const auto text = scalar_text(state, n, "a value");
    if (!text) {
        return std::nullopt;
    }
    if (text->starts_with("file:")) {
        auto data = read_file(state, text->substr(5), n.where);
        return data ? std::optional{plist::value{std::move(*data)}} : std::nullopt;
    }
    if (const auto flag = n.boolean()) {
        return plist::value{*flag};
    }
    if (const auto whole = n.integer()) {
        return plist::value{*whole};
    }
    if (const auto number = n.number()) {
        return plist::value{*number};
    }
    return plist::value{*text};
}

nlohmann::ordered_json json_of(parse_state& state, const yaml::node& n) {
    switch (n.kind) {
    case yaml::kind::null:
        return nullptr;
    case yaml::kind::sequence: {
        auto out = nlohmann::ordered_json::array();
        for (const auto& item : n.items) {
            out.push_back(json_of(state, item));
        }
        return out;
    }
    case yaml::kind::mapping: {
        auto out = nlohmann::ordered_json::object();
        for (const auto& m : n.members) {
            out[m.key] = json_of(state, m.value);
        }
        return out;
    }
    case yaml::kind::scalar:
        break;
    }
    if (const auto flag = n.boolean()) {
        return *flag;
    }
    if (const auto whole = n.integer()) {
        return *whole;
    }
    if (const auto number = n.number()) {
        return *number;
    }
    return scalar_text(state, n, "a value").value_or("");
}

} // namespace

std::optional<plist::value> read_plist(parse_state& state, const yaml::node& n) {
    switch (n.kind) {
    case yaml::kind::null:
        state.report(n.where, "a property list has no null", "leave the key out");
        return std::nullopt;
    case yaml::kind::scalar:
        return read_plist_scalar(state, n);
    case yaml::kind::sequence: {
        plist::array out;
        for (const auto& item : n.items) {
            auto value = read_plist(state, item);
            if (!value) {
                return std::nullopt;
            }
            out.push_back(std::move(*value));
        }
        return plist::value{std::move(out)};
    }
    case yaml::kind::mapping:
        break;
    }
    plist::dict out;
    for (const auto& m : n.members) {
        auto value = read_plist(state, m.value);
        if (!value) {
            return std::nullopt;
        }
        out.set(m.key, std::move(*value));
    }
    return plist::value{std::move(out)};
}

std::optional<std::string> read_json(parse_state& state, const yaml::node& n) {
    const auto before = state.problems.size();
    const auto json = json_of(state, n);
    if (state.problems.size() > before) {
        return std::nullopt;
    }
    try {
        return json.dump();
    } catch (const nlohmann::json::type_error&) {
        state.report(n.where, "the text is not UTF-8");
        return std::nullopt;
    }
}

} // namespace pomona::scenario
