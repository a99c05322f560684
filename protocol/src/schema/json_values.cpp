#include "schema/json_values.hpp"

#include "schema/walk.hpp"

#include <nlohmann/json.hpp>

namespace pomona::schema {

plist::value to_values(const nlohmann::json& json) {
    switch (json.type()) {
    case nlohmann::json::value_t::object: {
        std::vector<plist::entry> entries;
        entries.reserve(json.size());
        for (const auto& [key, item] : json.items()) {
            entries.push_back({key, to_values(item)});
        }
        return plist::dict::from_entries(std::move(entries));
    }
    case nlohmann::json::value_t::array: {
        plist::array items;
        items.reserve(json.size());
        for (const auto& item : json) {
            items.push_back(to_values(item));
        }
        return items;
    }
    case nlohmann::json::value_t::string:
        return json.get_ref<const std::string&>();
    case nlohmann::json::value_t::boolean:
        return json.get<bool>();
    case nlohmann::json::value_t::number_integer:
        return json.get<std::int64_t>();
    case nlohmann::json::value_t::number_unsigned: {
        const auto number = json.get<std::uint64_t>();
        return number >> 63U == 0 ? plist::value{static_cast<std::int64_t>(number)}
                                  : plist::value{static_cast<double>(number)};
    }
    case nlohmann::json::value_t::number_float:
        return json.get<double>();
    case nlohmann::json::value_t::null:
    case nlohmann::json::value_t::binary:
    case nlohmann::json::value_t::discarded:
        break;
    }
    return to_bytes(json_null);
}

} // namespace pomona::schema
