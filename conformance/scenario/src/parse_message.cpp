#include "pomona/scenario/parse.hpp"

#include <array>

namespace pomona::scenario {
namespace {

constexpr std::array checkin_types{
    std::string_view{"Authenticate"}, std::string_view{"TokenUpdate"}, std::string_view{"CheckOut"},
    std::string_view{"DeclarativeManagement"}, std::string_view{"UserAuthenticate"}};
constexpr std::array statuses{std::string_view{"Acknowledged"}, std::string_view{"Error"},
                              std::string_view{"NotNow"}, std::string_view{"CommandFormatError"}};
constexpr std::array abm_operations{
    std::string_view{"session"},        std::string_view{"account"},
    std::string_view{"fetch"},          std::string_view{"sync"},
    std::string_view{"details"},        std::string_view{"define profile"},
    std::string_view{"assign profile"}, std::string_view{"remove profile"},
    std::string_view{"disown"}};
constexpr std::array scep_operations{std::string_view{"GetCACert"}, std::string_view{"GetCACaps"},
                                     std::string_view{"PKIOperation"}};
const std::vector<std::string_view> vocabulary{"Authenticate",
                                               "TokenUpdate",
                                               "CheckOut",
                                               "DeclarativeManagement",
                                               "UserAuthenticate",
                                               "Idle",
                                               "Acknowledged",
                                               "Error",
                                               "NotNow",
                                               "CommandFormatError",
                                               "command",
                                               "apns push",
                                               "idp login",
                                               "push",
                                               "scep GetCACert",
                                               "scep GetCACaps",
                                               "scep PKIOperation",
                                               "state",
                                               "ddm status",
                                               "ddm tokens",
                                               "ddm declaration-items",
                                               "ddm declaration",
                                               "enrollment profile",
                                               "activation",
                                               "apns request",
                                               "abm session",
                                               "abm account",
                                               "abm fetch",
                                               "abm sync",
                                               "abm details",
                                               "abm define profile",
                                               "abm assign profile",
                                               "abm remove profile",
                                               "abm disown",
                                               "http response to"};

template <class Range>
bool contains(const Range& all, std::string_view word) {
    for (const auto candidate : all) {
        if (candidate == word) {
            return true;
        }
    }
    return false;
}

/// The rest of `text` after `prefix` and a space; nullopt when it does not begin so. "" when
/// nothing follows.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
    if (text == prefix) {
        return "";
    }
    if (text.starts_with(prefix) && text[prefix.size()] == ' ') {
        return text.substr(prefix.size() + 1);
    }
    return std::nullopt;
}

std::optional<message> parse_report(std::string_view text) {
    message m;
    m.kind = message::what::report;
    if (text == "Idle") {
        m.status = text;
        return m;
    }
    const auto space = text.rfind(' ');
    const auto last = space == std::string_view::npos ? text : text.substr(space + 1);
    if (!contains(statuses, last)) {
        return std::nullopt;
    }
    m.status = last;
    if (space != std::string_view::npos) {
        m.name = text.substr(0, space);
        if (m.name.find(' ') != std::string::npos) {
            return std::nullopt;
        }
    }
    return m;
}

std::optional<message> parse_simple(std::string_view text) {
    message m;
    if (contains(checkin_types, text)) {
        m.kind = message::what::checkin;
        m.name = text;
    } else if (const auto endpoint = after(text, "ddm"); endpoint && !endpoint->empty()) {
        m.kind = message::what::checkin;
        m.name = "DeclarativeManagement";
        m.status = *endpoint;
    } else if (const auto command = after(text, "command")) {
        m.kind = message::what::command;
        m.name = *command;
    } else if (text == "apns push" || text == "push") {
        m.kind = message::what::push;
    } else if (text == "apns request") {
        m.kind = message::what::push_request;
    } else if (text == "activation") {
        m.kind = message::what::activation;
    } else if (const auto spoken = after(text, "abm");
               spoken && contains(abm_operations, *spoken)) {
        m.kind = message::what::abm;
        m.name = *spoken;
    } else if (text == "idp login") {
        m.kind = message::what::login;
    } else if (text == "enrollment profile") {
        m.kind = message::what::profile;
    } else if (const auto operation = after(text, "scep");
               operation && contains(scep_operations, *operation)) {
        m.kind = message::what::scep;
        m.name = *operation;
    } else if (const auto state = after(text, "state"); state && !state->empty()) {
        m.kind = message::what::state;
        m.name = *state;
    } else {
        return parse_report(text);
    }
    return m;
}

} // namespace

bool is_of_apple(const message& m) {
    return m.kind == message::what::abm || m.kind == message::what::push_request ||
           (m.kind == message::what::response_to && is_of_apple(m.of.front()));
}

std::vector<std::string_view> expectable_messages() {
    return vocabulary;
}

std::expected<message, problem> parse_message(std::string_view text, const location& where) {
    std::optional<message> found;
    if (const auto inner = after(text, "http response to"); inner && !inner->empty()) {
        auto to = parse_message(*inner, where);
        if (!to) {
            return to;
        }
        message m;
        m.kind = message::what::response_to;
        m.of.push_back(std::move(*to));
        found = std::move(m);
    } else {
        found = parse_simple(text);
    }
    if (!found) {
        const auto near = nearest(text, vocabulary);
        std::string known = "messages are: RequestType STATUS";
        for (const auto word : vocabulary) {
            known += ", " + std::string{word};
        }
        return std::unexpected(
            problem{where, "`" + std::string{text} + "` is not a message that can be expected",
                    near.empty() ? known : "did you mean `" + near + "`?"});
    }
    found->text = text;
    return std::move(*found);
}

} // namespace pomona::scenario
