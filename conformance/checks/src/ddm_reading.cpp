#include "ddm_reading.hpp"

#include "pomona/trace/decode.hpp"

#include <nlohmann/json.hpp>

namespace pomona::checks {
namespace {

constexpr std::string_view declaration_prefix = "declaration/";

} // namespace

ddm_target target_of(const exchange& x) {
    if (x.request->channel != "checkin" || message_type(x) != "DeclarativeManagement") {
        return ddm_target::none;
    }
    const auto endpoint = x.request->summary.text("Endpoint");
    return endpoint == "tokens"                       ? ddm_target::tokens
           : endpoint == "declaration-items"          ? ddm_target::declaration_items
           : endpoint == "status"                     ? ddm_target::status
           : endpoint.starts_with(declaration_prefix) ? ddm_target::declaration
                                                      : ddm_target::other;
}

std::pair<std::string, std::string> asked_for(const trace::event& request) {
    auto endpoint = request.summary.text("Endpoint");
    endpoint.remove_prefix(std::min(declaration_prefix.size(), endpoint.size()));
    const auto slash = std::min(endpoint.find('/'), endpoint.size());
    return {std::string{endpoint.substr(0, slash)},
            std::string{endpoint.substr(std::min(slash + 1, endpoint.size()))}};
}

std::vector<const exchange*> answered_syncs(const trace_view& run, ddm_target target) {
    std::vector<const exchange*> out;
    for (const auto& x : run.of_channel("checkin")) {
        if (target_of(x) == target && x.answered() && x.answer->status == 200) {
            out.push_back(&x);
        }
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> items_of(const trace_view& run,
                                                          const trace::event& answer) {
    std::vector<std::pair<std::string, std::string>> out;
    const auto doc = decoded(run, answer);
    const auto lists = doc.is_object() ? doc.find("Declarations") : doc.end();
    if (!doc.is_object() || lists == doc.end() || !lists->is_object()) {
        return out;
    }
    for (const auto& [kind, list] : lists->items()) {
        if (!list.is_array()) {
            continue;
        }
        for (const auto& item : list) {
            if (item.is_object() && item.contains("Identifier") && item["Identifier"].is_string()) {
                const auto token = item.find("ServerToken");
                out.emplace_back(item["Identifier"].get<std::string>(),
                                 token != item.end() && token->is_string()
                                     ? token->get<std::string>()
                                     : std::string{});
            }
        }
    }
    return out;
}

std::map<std::string, std::string, std::less<>> listed_by(const trace_view& run,
                                                          const trace::event& answer) {
    std::map<std::string, std::string, std::less<>> out;
    for (auto& [identifier, token] : items_of(run, answer)) {
        out.insert_or_assign(std::move(identifier), std::move(token));
    }
    return out;
}

nlohmann::json trace_path(const nlohmann::json& root, std::string_view path) {
    return trace::at_path(root, path);
}

bool switches_on(const exchange& x) {
    return x.answered() && x.answer->summary.text("RequestType") == "DeclarativeManagement";
}

} // namespace pomona::checks
