#include "commands/errors_json.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server {

std::string errors_json(const std::vector<mdm::error_chain_item>& chain) {
    auto out = nlohmann::json::array();
    for (const auto& item : chain) {
        nlohmann::json one{{"ErrorCode", item.code},
                           {"ErrorDomain", item.domain},
                           {"LocalizedDescription", item.localized_description}};
        if (!item.us_english_description.empty()) {
            one["USEnglishDescription"] = item.us_english_description;
        }
        out.push_back(std::move(one));
    }
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace pomona::server
