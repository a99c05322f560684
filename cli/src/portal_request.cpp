#include "ctl.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/scenario/source.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace pomona::cli {
namespace {

using json = nlohmann::ordered_json;
using words = std::vector<std::string>; ///< operands, the verb left out

struct call_input {
    const words& operands;
    const std::string& file;
    unsigned times;
};
using made = std::expected<portal_request, std::string>;

portal_request post(std::string path, const json& body) {
    return {.method = "POST", .path = std::move(path), .body = body.dump()};
}

/// "assignments_a_day=1": numbers and booleans as such.
made rules(const call_input& in) {
    json body = json::object();
    for (const auto& word : in.operands) {
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
            return std::unexpected("`" + word + "` is no RULE=VALUE");
        }
        const auto text = word.substr(equals + 1);
        unsigned number = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (text == "true" || text == "false") {
            body[word.substr(0, equals)] = text == "true";
        } else if (failed == std::errc{} && end == text.data() + text.size()) {
            body[word.substr(0, equals)] = number;
        } else {
            body[word.substr(0, equals)] = text;
        }
    }
    return post("/rules", body);
}

made terms(const call_input& in) {
    if (in.operands[0] != "accept" && in.operands[0] != "withdraw") {
        return std::unexpected("terms are accepted or withdrawn: `accept` or `withdraw`, not `" +
                               in.operands[0] + "`");
    }
    return post("/terms", {{"accepted", in.operands[0] == "accept"}});
}

made add(const call_input& in) {
    if (in.file.empty() == in.operands.empty()) {
        return std::unexpected("devices come from --file or as SERIAL [SERVER]");
    }
    if (!in.file.empty()) {
        return portal_request{.method = "POST", .path = "/devices", .body = in.file};
    }
    json device{{"serial", in.operands[0]}};
    if (in.operands.size() > 1) {
        device["server"] = in.operands[1];
    }
    return post("/devices", {{"devices", json::array({std::move(device)})}});
}

struct verb {
    std::string_view name;
    std::string_view operands;
    std::string_view about;
    std::size_t least, most;
    made (*make)(const call_input&);
};
constexpr std::array<verb, 13> verbs{{
    {"show", "", "servers, devices, terms, and the root to trust", 0, 0,
     [](const call_input&) -> made { return portal_request{"GET", "", ""}; }},
    {"devices", "", "the devices, 1,000 at most", 0, 0,
     [](const call_input&) -> made { return portal_request{"GET", "/devices", ""}; }},
    {"faults", "", "the faults that can be ordered", 0, 0,
     [](const call_input&) -> made { return portal_request{"GET", "/faults", ""}; }},
    {"add-server", "NAME", "an MDM server entry; --certificate FILE is its public key", 1, 1,
     [](const call_input& in) -> made {
         return post("/servers", {{"name", in.operands[0]}, {"certificate", in.file}});
     }},
    {"token", "SERVER", "a new token, encrypted (.p7m), into --out-file FILE", 1, 1,
     [](const call_input& in) -> made {
         return post("/servers/" + percent_encode(in.operands[0]) + "/token", json::object());
     }},
    {"add", "[SERIAL [SERVER]]", "a device, or those of --file FILE (JSON, \"devices\")", 0, 2,
     add},
    {"move", "SERIAL SERVER", "to another server; \"\" unassigns it", 2, 2,
     [](const call_input& in) -> made {
         return post("/devices/" + percent_encode(in.operands[0]) + "/assign",
                     {{"server", in.operands[1]}});
     }},
    {"remove", "SERIAL", "out of the organisation", 1, 1,
     [](const call_input& in) -> made {
         return portal_request{"DELETE", "/devices/" + percent_encode(in.operands[0]), ""};
     }},
    {"terms", "accept|withdraw", "the organisation's newest terms", 1, 1, terms},
    {"fault", "NAME", "disturbs the next --times N requests", 1, 1,
     [](const call_input& in) -> made {
         return post("/faults", {{"fault", in.operands[0]}, {"times", in.times}});
     }},
    {"age-cursors", "", "every cursor given out so far is too old", 0, 0,
     [](const call_input&) -> made { return post("/cursors/age", json::object()); }},
    {"rules", "RULE=VALUE...", "assignments_a_day, max_page, error_form and others", 1, 20, rules},
    {"account", "", "a new account of the business API, with its key", 0, 0,
     [](const call_input&) -> made { return post("/accounts", json::object()); }},
}};

} // namespace

std::expected<portal_request, std::string> portal_request_for(const std::vector<std::string>& all,
                                                              const std::string& file_text,
                                                              unsigned times) {
    if (all.empty()) {
        return std::unexpected("what is to be done? The verbs are in `pomona ctl --help`");
    }
    const auto* found = std::ranges::find(verbs, all[0], &verb::name);
    if (found == verbs.end()) {
        std::vector<std::string_view> names;
        std::ranges::transform(verbs, std::back_inserter(names), &verb::name);
        const auto near = scenario::nearest(all[0], names);
        return std::unexpected("there is no `ctl abm " + all[0] + "`" +
                               (near.empty() ? "" : "; did you mean `" + near + "`?"));
    }
    const words operands{all.begin() + 1, all.end()};
    if (operands.size() < found->least || operands.size() > found->most) {
        return std::unexpected(
            "`ctl abm " + all[0] + "` takes " +
            (found->operands.empty() ? "no operand" : std::string{found->operands}));
    }
    return found->make({.operands = operands, .file = file_text, .times = times});
}

std::string portal_verbs() {
    std::string out;
    for (const auto& v : verbs) {
        auto line = "  abm " + std::string{v.name} + ' ' + std::string{v.operands};
        line.resize(std::max<std::size_t>(32, line.size() + 1), ' ');
        out += line + std::string{v.about} + '\n';
    }
    return out;
}

} // namespace pomona::cli
