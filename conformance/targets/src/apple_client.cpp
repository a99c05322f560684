#include "pomona/targets/apple_client.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/abm/oauth1.hpp"
#include "pomona/targets/adapter.hpp"

#include <nlohmann/json.hpp>

namespace pomona::targets {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view own_name = "Pomona scenario";
/// X-Server-Protocol-Version: the newest.
constexpr std::string_view protocol_version = "10";
constexpr std::string_view dep_type = "application/json;charset=UTF8";
/// Choice: a service that never comes to an end is given up.
constexpr int most_pages = 2000;
constexpr std::size_t secret_bytes = 16;

json parsed(std::string_view text) {
    return json::parse(text, nullptr, false);
}
std::string text_in(const json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_string()
               ? found->get<std::string>()
               : std::string{};
}

bool wants_new_session(const dep_answer& a) {
    return a.status == 401 || (a.status == 403 && a.body.find("FORBIDDEN") != std::string::npos);
}

} // namespace

std::string dep_answer::describe() const {
    constexpr std::size_t shown = 100;
    return std::to_string(status) + ' ' + escape(body.substr(0, shown));
}

apple_client::apple_client(net::world& world, apple_options options)
    : world_{&world}, options_{std::move(options)} {}

net::task<result<net::response>> apple_client::send(sent message) {
    const net::annotation note{.who = actor{"operator"}, .channel = message.channel};
    auto& kept = open_[message.channel];
    const auto about = message.what.method + ' ' + message.to.target;
    if (!kept || !kept->reusable()) {
        net::open_options how{.server = message.to.server,
                              .tls = std::nullopt,
                              .deadline = world_->now() + options_.timeout,
                              .note = note};
        if (message.to.secure) {
            how.tls = net::client_tls{options_.trust, nullptr, {"h2", "http/1.1"}};
        }
        auto opened = co_await world_->open(std::move(how));
        if (!opened) {
            co_return fail(errc::unreachable, about, opened.error().message());
        }
        kept = *std::move(opened);
    }
    message.what.target = message.to.target;
    auto answer =
        co_await kept->exchange(std::move(message.what), world_->now() + options_.timeout, note);
    if (!answer) {
        co_return fail(errc::unreachable, about, answer.error().message());
    }
    co_return *std::move(answer);
}

net::task<result<std::string>> apple_client::portal(std::string method, std::string path,
                                                    std::string body) {
    auto to = net::parse_url(options_.portal_url + path);
    if (!to) {
        co_return std::unexpected(to.error());
    }
    net::request what{.method = method, .target = {}, .headers = {}, .body = to_bytes(body)};
    what.headers = {
        {"Authorization", "Basic " + to_base64(as_bytes(options_.user + ':' + options_.key))},
        {"Content-Type", "application/json"}};
    auto answer = co_await send({*std::move(to), std::move(what), "portal"});
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    auto text = pomona::to_text(answer->body);
    if (answer->status >= 400) {
        const auto why = text_in(parsed(text), "error");
        co_return fail(answer->status == 401 ? errc::unauthorized : errc::refused,
                       method + ' ' + path + ": HTTP " + std::to_string(answer->status),
                       why.empty() ? text : why);
    }
    co_return text;
}

net::task<result<std::string>> apple_client::make_own_server() {
    consumer_key_ = "CK_" + to_hex(world_->random(secret_bytes));
    consumer_secret_ = "CS_" + to_hex(world_->random(secret_bytes));
    access_token_ = "AT_" + to_hex(world_->random(secret_bytes));
    access_secret_ = "AS_" + to_hex(world_->random(secret_bytes));
    const json token{{"consumer_key", consumer_key_},
                     {"consumer_secret", consumer_secret_},
                     {"access_token", access_token_},
                     {"access_secret", access_secret_}};
    // Of an earlier scenario on the same service: its name is ours, so its token may be replaced.
    auto there = co_await server_id(std::string{own_name});
    if (there) {
        auto seeded = co_await portal("PUT", "/portal/servers/" + *there + "/token", token.dump());
        co_return seeded ? std::move(there) : std::move(seeded);
    }
    auto made = co_await portal("POST", "/portal/servers",
                                json{{"name", own_name}, {"token", token}}.dump());
    if (!made) {
        co_return made;
    }
    co_return text_in(parsed(*made), "id");
}

net::task<result<std::string>> apple_client::server_id(std::string name) {
    if (name.empty()) {
        if (own_id_.empty()) {
            auto made = co_await make_own_server();
            if (!made) {
                co_return made;
            }
            own_id_ = *std::move(made);
        }
        co_return own_id_;
    }
    const auto all = co_await portal("GET", "/portal", {});
    if (!all) {
        co_return all;
    }
    const auto list = parsed(*all);
    if (list.is_object() && list.contains("servers") && list["servers"].is_array()) {
        for (const auto& one : list["servers"]) {
            if (text_in(one, "name") == name) {
                co_return text_in(one, "id");
            }
        }
    }
    co_return fail(errc::refused, "Apple Business Manager has no MDM server named " + escape(name));
}

net::task<result<dep_answer>> apple_client::ask(std::string method, std::string path,
                                                std::string body) {
    auto to = net::parse_url(options_.abm_url + path);
    if (!to) {
        co_return std::unexpected(to.error());
    }
    net::request what{.method = method, .target = {}, .headers = {}, .body = to_bytes(body)};
    what.headers = {{"User-Agent", "pomona-scenario/1"},
                    {"Content-Type", std::string{dep_type}},
                    {"Accept", "application/json"},
                    {"X-Server-Protocol-Version", std::string{protocol_version}}};
    if (path == "/session") {
        what.headers.push_back(
            {"Authorization", abm::write_oauth_header({.url = options_.abm_url + path,
                                                       .consumer_key = consumer_key_,
                                                       .consumer_secret = consumer_secret_,
                                                       .access_token = access_token_,
                                                       .access_secret = access_secret_,
                                                       .nonce = world_->random_uuid(),
                                                       .at = world_->now()})});
    } else {
        what.headers.push_back({"X-ADM-Auth-Session", session_});
    }
    auto answer = co_await send({*std::move(to), std::move(what), "abm"});
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    if (const auto moved = net::find_header(answer->headers, "X-ADM-Auth-Session")) {
        session_ = *moved;
    }
    co_return dep_answer{answer->status, pomona::to_text(answer->body)};
}

net::task<result<dep_answer>> apple_client::sign_in() {
    auto answer = co_await ask("GET", "/session", {});
    if (answer && answer->good()) {
        session_ = text_in(parsed(answer->body), "auth_session_token");
    }
    co_return answer;
}

net::task<result<dep_answer>> apple_client::dep(std::string method, std::string path,
                                                std::string body) {
    if (auto own = co_await server_id({}); !own) {
        co_return std::unexpected(own.error());
    }
    for (bool again = false;; again = true) {
        if (session_.empty()) {
            auto in = co_await sign_in();
            if (!in || !in->good()) {
                co_return in;
            }
        }
        auto answer = co_await ask(method, path, body);
        if (!answer || again || !wants_new_session(*answer)) {
            co_return answer;
        }
        session_.clear();
    }
}

net::task<result<dep_answer>> apple_client::synchronise() {
    bool fetching = cursor_.empty();
    for (int page = 0; page < most_pages; ++page) {
        json body = json::object();
        if (!cursor_.empty()) {
            body["cursor"] = cursor_;
        }
        auto answer =
            co_await dep("POST", fetching ? "/server/devices" : "/devices/sync", body.dump());
        if (!answer || !answer->good()) {
            if (answer && answer->body.find("_CURSOR") != std::string::npos) {
                cursor_.clear(); // a full list the next time
            }
            co_return answer;
        }
        const auto said = parsed(answer->body);
        const auto next = text_in(said, "cursor");
        if (next.empty() || !said.contains("more_to_follow") ||
            !said["more_to_follow"].is_boolean()) {
            co_return fail(errc::malformed, "a page without cursor or more_to_follow",
                           answer->body);
        }
        const bool more = said["more_to_follow"].get<bool>();
        if (more && next == cursor_) {
            co_return fail(errc::malformed, "a page with more_to_follow and the same cursor");
        }
        cursor_ = next;
        if (!more && !fetching) {
            co_return answer;
        }
        if (!more) {
            fetching = false; // what came about while the list was fetched
        }
    }
    co_return fail(errc::malformed, "the list of devices has no end");
}

} // namespace pomona::targets
