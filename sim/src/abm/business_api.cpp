#include "abm/business_api.hpp"

#include "abm/business_json.hpp"

#include <algorithm>
#include <charconv>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

/// Choice: activities are asked for by thousands of devices at most.
constexpr std::size_t max_devices_in_activity = 100'000;
constexpr duration activity_kept = std::chrono::days{30}; ///< Apple, "OrgDeviceActivity"

/// "" when `path` is `prefix`; what follows the slash when it goes on; nullopt otherwise.
std::optional<std::string_view> below(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) {
        return std::nullopt;
    }
    path.remove_prefix(prefix.size());
    if (path.empty()) {
        return path;
    }
    return path.front() == '/' ? std::optional{path.substr(1)} : std::nullopt;
}

api_error not_found(std::string detail) {
    return {.status = 404,
            .code = "NOT_FOUND",
            .title = "The specified resource does not exist",
            .detail = std::move(detail)};
}

api_error bad_parameter(std::string name, std::string detail) {
    return {.status = 400,
            .code = "PARAMETER_ERROR.INVALID",
            .title = "A parameter has an invalid value",
            .detail = std::move(detail),
            .parameter = std::move(name)};
}

api_error bad_entity(std::string pointer, std::string detail) {
    return {.status = 422,
            .code = "ENTITY_ERROR.ATTRIBUTE.INVALID",
            .title = "The provided entity includes an attribute with an invalid value",
            .detail = std::move(detail),
            .parameter = {},
            .pointer = std::move(pointer)};
}

bool accepts_json(const net::request& what) {
    const auto accept = net::find_header(what.headers, "accept");
    return accept && (accept->contains("application/json") || accept->contains("*/*"));
}

/// `limit` and `cursor` of a list; the cursor is the id of the last one that was given out.
struct page_request {
    std::size_t limit = 0;
    std::string after;
};
std::expected<page_request, api_error> page_of(const net::request& what,
                                               const business_rules& rules) {
    page_request out{.limit = rules.default_page,
                     .after = net::query_parameter(what.target, "cursor").value_or("")};
    if (const auto text = net::query_parameter(what.target, "limit")) {
        const auto* end = text->data() + text->size();
        const auto [at, failed] = std::from_chars(text->data(), end, out.limit);
        if (failed != std::errc{} || at != end || out.limit == 0 || out.limit > rules.max_page) {
            return std::unexpected(bad_parameter("limit", "limit is a number from 1 to " +
                                                              std::to_string(rules.max_page)));
        }
    }
    return out;
}

/// `items` holds one more than the page when more follow.
net::reply list(std::string_view path, const page_request& page, std::vector<json> items,
                std::size_t total) {
    const bool more = items.size() > page.limit;
    if (more) {
        items.resize(page.limit);
    }
    const auto with = [&](const std::string& cursor) {
        return std::string{path} + "?limit=" + std::to_string(page.limit) +
               (cursor.empty() ? "" : "&cursor=" + cursor);
    };
    json links{{"self", with(page.after)}, {"first", with({})}};
    json paging{{"limit", page.limit}, {"total", total}};
    if (more) {
        const auto next = items.back()["id"].get<std::string>();
        links["next"] = with(next);
        paging["nextCursor"] = next;
    }
    return answer_api(200, {{"data", std::move(items)},
                            {"links", std::move(links)},
                            {"meta", {{"paging", std::move(paging)}}}});
}

net::reply single(json resource) {
    auto links = resource["links"];
    return answer_api(200, {{"data", std::move(resource)}, {"links", std::move(links)}});
}

std::optional<activity_kind> kind_of(const std::string& name) {
    if (name == "ASSIGN_DEVICES") {
        return activity_kind::assign;
    }
    if (name == "UNASSIGN_DEVICES") {
        return activity_kind::unassign;
    }
    return name == "RELEASE_DEVICES" ? std::optional{activity_kind::release} : std::nullopt;
}

/// What a request for an activity says; an error names the place that is wrong.
std::expected<activity, api_error> activity_in(const json& body) {
    activity out;
    const auto text = [&](const char* pointer) {
        const json::json_pointer at{pointer};
        return body.contains(at) && body[at].is_string() ? body[at].get<std::string>()
                                                         : std::string{};
    };
    const auto kind = kind_of(text("/data/attributes/activityType"));
    if (text("/data/type") != "orgDeviceActivities") {
        return std::unexpected(bad_entity("/data/type", "type is orgDeviceActivities"));
    }
    if (!kind) {
        return std::unexpected(bad_entity("/data/attributes/activityType",
                                          "activityType is ASSIGN_DEVICES, UNASSIGN_DEVICES or "
                                          "RELEASE_DEVICES"));
    }
    out.kind = *kind;
    out.server = text("/data/relationships/mdmServer/data/id");
    const json::json_pointer devices{"/data/relationships/devices/data"};
    if (!body.contains(devices) || !body[devices].is_array() || body[devices].empty() ||
        body[devices].size() > max_devices_in_activity) {
        return std::unexpected(bad_entity(devices.to_string(), "a list of devices is needed"));
    }
    for (const auto& d : body[devices]) {
        const auto id = d.is_object() ? d.find("id") : d.end();
        if (!d.is_object() || id == d.end() || !id->is_string()) {
            return std::unexpected(bad_entity(devices.to_string(), "each device has an id"));
        }
        out.serials.push_back(id->get<std::string>());
    }
    return out;
}

} // namespace

bool business_api::serves(std::string_view path) {
    return path.starts_with("/v1/") || path.starts_with("/auth/oauth2/");
}

net::reply business_api::answer(const net::request& what) {
    catch_up();
    const auto path = net::path_of(what.target);
    if (path == "/auth/oauth2/token" || path == "/auth/oauth2/v2/token") {
        return auth_.issue(what);
    }
    if (!auth_.permits(what)) { // ABM-112
        return refuse({.status = 401,
                       .code = "NOT_AUTHORIZED",
                       .title = "Authentication credentials are missing or invalid",
                       .detail = "A valid bearer token is needed"},
                      world_->random_uuid());
    }
    if (!accepts_json(what)) {
        return refuse({.status = 406,
                       .code = "NOT_ACCEPTABLE",
                       .title = "The request cannot be answered in an acceptable form",
                       .detail = "Accept has to permit application/json"},
                      world_->random_uuid());
    }
    if (auto limited = judge_rate(what)) {
        return *std::move(limited);
    }
    return route(what);
}

std::optional<net::reply> business_api::judge_rate(const net::request& what) {
    const bool is_get = what.method == "GET";
    const auto most = is_get ? rules_.gets_a_minute : rules_.posts_an_hour;
    if (most == 0) {
        return std::nullopt;
    }
    const duration window = is_get ? duration{std::chrono::minutes{1}} : std::chrono::hours{1};
    auto& times = is_get ? gets_ : posts_;
    const auto now = world_->now();
    while (!times.empty() && times.front() + window <= now) {
        times.pop_front();
    }
    if (times.size() < most) {
        times.push_back(now);
        return std::nullopt;
    }
    auto out = refuse({.status = 429,
                       .code = "RATE_LIMIT_EXCEEDED",
                       .title = "Too many requests",
                       .detail = "The rate limit is reached"},
                      world_->random_uuid());
    const auto wait = std::chrono::ceil<std::chrono::seconds>(times.front() + window - now);
    out.what.headers.push_back({"Retry-After", std::to_string(wait.count())});
    return out;
}

net::reply business_api::route(const net::request& what) {
    const auto path = net::path_of(what.target);
    const bool is_get = what.method == "GET";
    if (const auto rest = below(path, "/v1/orgDevices"); rest && is_get) {
        const auto slash = rest->find('/');
        return rest->empty()
                   ? list_devices(what)
                   : device(rest->substr(0, slash),
                            slash == std::string_view::npos ? "" : rest->substr(slash + 1));
    }
    if (const auto rest = below(path, "/v1/mdmServers"); rest && is_get) {
        const auto slash = rest->find('/');
        return rest->empty()
                   ? list_servers(what)
                   : server(what, rest->substr(0, slash),
                            slash == std::string_view::npos ? "" : rest->substr(slash + 1));
    }
    if (const auto rest = below(path, "/v1/orgDeviceActivities")) {
        if (rest->empty() && what.method == "POST") {
            return create_activity(what);
        }
        if (!rest->empty() && is_get) {
            return read_activity(*rest);
        }
    }
    return refuse(not_found("There is no " + what.method + " here"), world_->random_uuid());
}

net::reply business_api::list_devices(const net::request& what) {
    const auto page = page_of(what, rules_);
    if (!page) {
        return refuse(page.error(), world_->random_uuid());
    }
    std::vector<json> items;
    for (const auto& d : of_->devices(page->after, page->limit + 1)) {
        items.push_back(device_resource(*d));
    }
    return list("/v1/orgDevices", *page, std::move(items), of_->device_count());
}

net::reply business_api::device(std::string_view serial, std::string_view rest) {
    const auto found = of_->find_device(serial);
    if (!found) {
        return refuse(not_found("There is no device " + std::string{serial}),
                      world_->random_uuid());
    }
    if (rest.empty()) {
        return single(device_resource(*found));
    }
    const auto* server = of_->find_server(found->server);
    const bool is_link = rest == "relationships/assignedServer";
    if (rest == "appleCareCoverage") {
        return list("/v1/orgDevices/" + std::string{serial} + "/appleCareCoverage",
                    {.limit = rules_.default_page, .after = {}}, {}, 0);
    }
    if ((!is_link && rest != "assignedServer") || server == nullptr) { // ABM-116
        return refuse(not_found("The device is assigned to no server"), world_->random_uuid());
    }
    if (!is_link) {
        return single(server_resource(*server));
    }
    return answer_api(
        200,
        {{"data", {{"type", "mdmServers"}, {"id", server->id}}},
         {"links", {{"self", "/v1/orgDevices/" + std::string{serial} + "/" + std::string{rest}}}}});
}

net::reply business_api::list_servers(const net::request& what) {
    const auto page = page_of(what, rules_);
    if (!page) {
        return refuse(page.error(), world_->random_uuid());
    }
    std::vector<json> items;
    const auto all = of_->servers();
    for (const auto* s : all) {
        if (s->id > page->after && items.size() <= page->limit) {
            items.push_back(server_resource(*s));
        }
    }
    return list("/v1/mdmServers", *page, std::move(items), all.size());
}

net::reply business_api::server(const net::request& what, std::string_view id,
                                std::string_view rest) {
    const auto* found = std::as_const(*of_).find_server(id);
    if (found == nullptr || (!rest.empty() && rest != "relationships/devices")) {
        return refuse(not_found("There is no such server"), world_->random_uuid());
    }
    if (rest.empty()) {
        return single(server_resource(*found));
    }
    const auto page = page_of(what, rules_);
    if (!page) {
        return refuse(page.error(), world_->random_uuid());
    }
    // By serial, so that a cursor holds while devices change.
    std::vector<std::string> serials;
    for (const auto& [position, d] : found->devices) {
        serials.push_back(d->serial.value());
    }
    std::ranges::sort(serials);
    std::vector<json> items;
    for (auto at = std::ranges::upper_bound(serials, page->after);
         at != serials.end() && items.size() <= page->limit; ++at) {
        items.push_back({{"type", "orgDevices"}, {"id", *at}});
    }
    return list("/v1/mdmServers/" + found->id + "/relationships/devices", *page, std::move(items),
                serials.size());
}

net::reply business_api::create_activity(const net::request& what) {
    const auto body = json::parse(what.body.begin(), what.body.end(), nullptr, false);
    if (!body.is_object()) {
        return refuse({.status = 400,
                       .code = "ENTITY_ERROR",
                       .title = "The request entity is not valid",
                       .detail = "The body is no JSON object"},
                      world_->random_uuid());
    }
    auto wanted = activity_in(body);
    if (!wanted) {
        return refuse(wanted.error(), world_->random_uuid());
    }
    if (wanted->kind == activity_kind::assign && of_->find_server(wanted->server) == nullptr) {
        return refuse(bad_entity("/data/relationships/mdmServer", "There is no such server"),
                      world_->random_uuid());
    }
    wanted->id = world_->random_uuid();
    wanted->created = world_->now();
    wanted->due = wanted->created + rules_.activity_time;
    std::erase_if(activities_, [&](const auto& item) {
        return item.second.created + activity_kept < wanted->created;
    });
    const auto& kept = activities_.emplace(wanted->id, *wanted).first->second;
    auto resource = activity_resource(kept, world_->now());
    auto links = resource["links"];
    return answer_api(201, {{"data", std::move(resource)}, {"links", std::move(links)}});
}

net::reply business_api::read_activity(std::string_view id) {
    constexpr std::string_view log_name = "/log.csv";
    const bool wants_log = id.ends_with(log_name);
    const auto found = activities_.find(wants_log ? id.substr(0, id.size() - log_name.size()) : id);
    if (found == activities_.end() || (wants_log && !found->second.completed)) {
        return refuse(not_found("There is no such activity"), world_->random_uuid());
    }
    if (!wants_log) {
        return single(activity_resource(found->second, world_->now()));
    }
    net::reply out;
    out.what.headers = {{"Content-Type", "text/csv"}};
    out.what.body = to_bytes(found->second.log);
    return out;
}

void business_api::catch_up() {
    const auto now = world_->now();
    for (auto& [id, a] : activities_) {
        if (!a.completed && a.due <= now) {
            carry_out(a);
        }
    }
}

std::optional<time_point> business_api::next_due() const {
    std::optional<time_point> out;
    for (const auto& [id, a] : activities_) {
        if (!a.completed && (!out || a.due < *out)) {
            out = a.due;
        }
    }
    return out;
}

/// Choice (ABM-115): an unknown device does not fail the request, it is counted and logged.
void business_api::carry_out(activity& a) {
    a.log = "serialNumber,status\n";
    for (const auto& serial : a.serials) {
        const auto device = of_->find_device(serial);
        bool done = device != nullptr;
        if (done && a.kind == activity_kind::release) {
            done = of_->release(serial, a.due);
        } else if (done) {
            const auto to = a.kind == activity_kind::assign ? a.server : std::string{};
            done = device->server == to || of_->assign(serial, to, of_->details.admin, a.due);
        }
        a.failed += done ? 0 : 1;
        a.log += serial + (done ? ",SUCCESS\n" : ",FAILED\n");
    }
    a.completed = a.due;
}

} // namespace pomona::sim::abm
