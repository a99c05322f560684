// Account details, account-driven enrollment, beta tokens.
#include "abm/dep_api.hpp"
#include "abm/device_json.hpp"
#include "pomona/foundation/encoding.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

/// Apple, "Account Detail": what may be called, and how large a page is.
json urls(const rules& how) {
    json out = json::array();
    for (const auto& e : all_dep_endpoints()) {
        const auto same = std::ranges::find_if(
            out, [&](const json& u) { return u["uri"] == std::string{e.path}; });
        if (same != out.end()) {
            (*same)["http_method"].push_back(e.method);
            continue;
        }
        json one{{"uri", e.path}, {"http_method", json::array({e.method})}};
        if (e.has_page) {
            one["limit"] = {{"default", how.default_page}, {"maximum", how.max_page}};
        }
        out.push_back(std::move(one));
    }
    return out;
}

net::reply account(dep_call& call) {
    const auto& org = call.state.org->details;
    json out{{"server_name", call.server.name},
             {"server_uuid", call.server.id},
             {"admin_id", org.admin},
             {"facilitator_id", org.admin},
             {"org_name", org.name},
             {"org_email", org.email},
             {"org_phone", org.phone},
             {"org_address", org.address}};
    if (call.version >= 3) { // ABM-018
        out["org_id"] = org.id;
        out["org_id_hash"] = to_hex(crypto::sha256(as_bytes(org.id)));
        out["org_type"] = org.type;
        out["org_version"] = org.version;
        out["urls"] = urls(call.state.rules);
    }
    return answer_json(out);
}

net::reply set_discovery_url(dep_call& call) {
    if (!call.state.org->is_supported) {
        return call.refuse(errors::org_not_supported);
    }
    const auto found = call.body.find("mdm_service_discovery_url");
    if (found == call.body.end() || !found->is_string() ||
        found->get_ref<const std::string&>().empty()) {
        return call.refuse(errors::discovery_url_required);
    }
    auto url = found->get<std::string>();
    const auto parsed = net::parse_url(url);
    if (!parsed || !parsed->secure) {
        return call.refuse(errors::discovery_url_not_valid);
    }
    call.server.discovery_url = std::move(url);
    call.server.discovery_updated = call.now();
    return {};
}

net::reply get_discovery_url(dep_call& call) {
    if (call.server.discovery_url.empty()) {
        return call.refuse(errors::not_found);
    }
    return answer_json({{"mdm_service_discovery_url", call.server.discovery_url},
                        {"last_updated_timestamp", dep_time(*call.server.discovery_updated)}});
}

net::reply remove_discovery_url(dep_call& call) {
    call.server.discovery_url.clear();
    call.server.discovery_updated.reset();
    return {};
}

net::reply beta_tokens(dep_call& call) {
    if (!call.state.org->has_apple_seed) {
        return call.refuse(errors::apple_seed_off);
    }
    json tokens = json::array();
    for (const auto& [os, title] :
         std::array<std::pair<const char*, const char*>, 3>{{{"OSX", "macOS AppleSeed Beta"},
                                                             {"iOS", "iOS AppleSeed Beta"},
                                                             {"tvOS", "tvOS AppleSeed Beta"}}}) {
        // Opaque, and the same each time.
        const auto token = to_base64(crypto::sha256(as_bytes(call.server.id + os)));
        tokens.push_back({{"token", token}, {"title", title}, {"os", os}});
    }
    return answer_json({{"betaEnrollmentTokens", tokens}, {"seedBuildTokens", tokens}});
}

constexpr std::array<dep_endpoint, 5> endpoints{{
    {"GET", "/account", account},
    {"POST", "/account-driven-enrollment/profile", set_discovery_url},
    {"GET", "/account-driven-enrollment/profile", get_discovery_url},
    {"DELETE", "/account-driven-enrollment/profile", remove_discovery_url},
    {"GET", "/os-beta-enrollment/tokens", beta_tokens},
}};

} // namespace

std::span<const dep_endpoint> account_endpoints() {
    return endpoints;
}

} // namespace pomona::sim::abm
