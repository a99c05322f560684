#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/error_category.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "pomona/targets/adapter.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::targets {
namespace {

constexpr char category_name[] = "target";

const char* describe(errc value) {
    switch (value) {
    case errc::unreachable:
        return "the server's API cannot be reached";
    case errc::refused:
        return "the server's API refused the request";
    case errc::unauthorized:
        return "the server's API wants other credentials";
    case errc::malformed:
        return "the server's API gave an answer that cannot be read";
    }
    return "target error";
}

/// Enrollment ids in one URL: NanoMDM takes a comma-separated list; a URL stays below 4 KiB.
constexpr std::size_t ids_per_request = 64;

class nanomdm_adapter final : public adapter {
  public:
    nanomdm_adapter(net::world& world, api_options options, net::url base)
        : world_{&world}, options_{std::move(options)}, base_{std::move(base)}, opened_{world} {}

    std::vector<std::string> capabilities() const override {
        return {"queue", "push", "declare", "ade", "users", "scep-approval", "account-driven"};
    }

    net::task<result<std::string>> probe() override {
        auto version = co_await call("GET", "/version", {}, {});
        if (!version) {
            co_return std::unexpected(version.error());
        }
        // /version needs no credentials everywhere; a look at an API path that changes nothing
        // proves ours.
        auto access = co_await call("GET", "/v1/pushcert", {}, {});
        if (!access && access.error().code == errc::unauthorized) {
            co_return std::unexpected(access.error());
        }
        const auto json = nlohmann::json::parse(as_text(version->body), nullptr, false);
        if (!json.is_object() || !json.contains("version") || !json["version"].is_string()) {
            co_return fail(errc::malformed, "GET /version", to_text(version->body));
        }
        co_return json["version"].get<std::string>();
    }

    net::task<result<std::optional<push_certificate>>>
    push_certificate_of(std::string for_topic) override {
        auto answer =
            co_await call("GET", "/v1/pushcert?topic=" + percent_encode(for_topic), {}, {});
        if (!answer && answer.error().code == errc::refused) {
            co_return std::nullopt; // not every version has it for reading
        }
        if (!answer) {
            co_return std::unexpected(answer.error());
        }
        const auto json = nlohmann::json::parse(as_text(answer->body), nullptr, false);
        if (!json.is_object() || !json.contains("topic") || !json["topic"].is_string()) {
            co_return std::nullopt;
        }
        const auto text = [&](const char* key) {
            return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
        };
        co_return push_certificate{text("topic"), from_rfc3339(text("not_after")), text("problem")};
    }

    net::task<result<void>> queue(enrollment_id whom, mdm::command what, bool push) override {
        const auto target = "/v1/enqueue/" + net_id(whom) + (push ? "" : "?nopush=1");
        auto answer = co_await call("PUT", target, mdm::write_command(what), "application/xml");
        if (!answer) {
            co_return std::unexpected(answer.error());
        }
        const auto json = nlohmann::json::parse(as_text(answer->body), nullptr, false);
        if (!json.is_object() || json.value("command_uuid", "") != what.uuid.value()) {
            co_return fail(errc::malformed,
                           "PUT " + target + ": no command_uuid of ours in the answer",
                           to_text(answer->body));
        }
        co_return result<void>{};
    }

    net::task<result<void>> push(std::vector<enrollment_id> whom) override {
        for (std::size_t first = 0; first < whom.size(); first += ids_per_request) {
            std::string ids;
            for (auto i = first; i < std::min(whom.size(), first + ids_per_request); ++i) {
                ids += (ids.empty() ? "" : ",") + net_id(whom[i]);
            }
            if (auto answer = co_await call("PUT", "/v1/push/" + ids, {}, {}); !answer) {
                co_return std::unexpected(answer.error());
            }
        }
        co_return result<void>{};
    }

    net::task<result<void>> declare(std::vector<enrollment_id> whom, std::string set,
                                    std::vector<std::string> declarations, bool notify) override {
        // The association comes last, so that one notification covers the whole set.
        for (const auto& declaration : declarations) {
            if (auto done = co_await call("PUT", "/v1/declarations?nonotify=1",
                                          to_bytes(declaration), "application/json");
                !done) {
                co_return std::unexpected(done.error());
            }
            const auto json = nlohmann::json::parse(declaration, nullptr, false);
            const auto identifier = json.is_object() ? json.value("Identifier", "") : "";
            const auto target = "/v1/set-declarations/" + percent_encode(set) +
                                "?declaration=" + percent_encode(identifier) + "&nonotify=1";
            if (auto done = co_await call("PUT", target, {}, {}); !done) {
                co_return std::unexpected(done.error());
            }
        }
        for (const auto& id : whom) {
            const auto target = "/v1/enrollment-sets/" + net_id(id) +
                                "?set=" + percent_encode(set) + (notify ? "" : "&nonotify=1");
            if (auto done = co_await call("PUT", target, {}, {}); !done) {
                co_return std::unexpected(done.error());
            }
        }
        co_return result<void>{};
    }

    net::task<result<bytes>> download(std::string url) override {
        const auto to = net::parse_url(url);
        if (!to) {
            co_return std::unexpected(to.error());
        }
        net::open_options o;
        o.server = to->server;
        if (to->secure) {
            o.tls = net::client_tls{options_.trust, nullptr, {"h2", "http/1.1"}};
        }
        o.deadline = world_->now() + options_.timeout;
        o.note = note();
        const auto opened = co_await world_->open(std::move(o));
        if (!opened) {
            co_return fail(errc::unreachable, "GET " + url, opened.error().message());
        }
        net::request request{"GET", to->target, {}, {}};
        auto answer = co_await (*opened)->exchange(std::move(request),
                                                   world_->now() + options_.timeout, note());
        if (!answer) {
            co_return fail(errc::unreachable, "GET " + url, answer.error().message());
        }
        auto judged = judge(std::move(*answer), "GET " + url);
        if (!judged) {
            co_return std::unexpected(std::move(judged.error()));
        }
        co_return std::move(judged->body);
    }

    /// /v1/ade, which only the reference server has.
    net::task<result<void>> configure(plist::dict settings) override {
        auto done =
            co_await call("PUT", "/v1/ade", plist::to_xml(std::move(settings)), "application/xml");
        if (!done) {
            co_return std::unexpected(std::move(done.error()));
        }
        co_return result<void>{};
    }

    net::task<result<void>> set_users(std::vector<directory_user> users) override {
        for (const auto& u : users) {
            nlohmann::json body = nlohmann::json::object();
            if (!u.password.empty()) {
                body["password"] = u.password;
            }
            if (auto done = co_await call("PUT", "/v1/users/" + percent_encode(u.short_name),
                                          to_bytes(body.dump()), "application/json");
                !done) {
                co_return std::unexpected(done.error());
            }
        }
        co_return result<void>{};
    }

    net::task<result<void>> set_scep_approval(bool manual) override {
        auto done = co_await call(
            "PUT", std::string{"/v1/scep-approval/"} + (manual ? "manual" : "automatic"), {}, {});
        co_return done ? result<void>{} : std::unexpected(done.error());
    }

    net::task<result<std::string>> access_token(std::string account, std::string mode) override {
        const auto target = "/v1/access-tokens/" + percent_encode(account) + "?mode=" + mode;
        auto answer = co_await call("PUT", target, {}, {});
        if (!answer) {
            co_return std::unexpected(answer.error());
        }
        const auto json = nlohmann::json::parse(as_text(answer->body), nullptr, false);
        auto token = json.is_object() ? json.value("access_token", "") : std::string{};
        if (token.empty()) {
            co_return fail(errc::malformed, "PUT /v1/access-tokens: no access_token");
        }
        co_return token;
    }

    net::task<result<std::vector<waiting_request>>> waiting_requests() override {
        auto answer = co_await call("GET", "/v1/scep-requests", {}, {});
        if (!answer) {
            co_return std::unexpected(answer.error());
        }
        const auto json = nlohmann::json::parse(as_text(answer->body), nullptr, false);
        if (!json.is_object() || !json.contains("requests") || !json["requests"].is_array()) {
            co_return fail(errc::malformed, "GET /v1/scep-requests", to_text(answer->body));
        }
        std::vector<waiting_request> out;
        for (const auto& one : json["requests"]) {
            if (one.is_object() && one.value("state", "") == "waiting") {
                out.push_back({one.value("transaction_id", ""), one.value("subject", "")});
            }
        }
        co_return out;
    }

    net::task<result<void>> decide_request(std::string transaction_id, bool approve) override {
        auto done = co_await call("PUT",
                                  "/v1/scep-requests/" + percent_encode(transaction_id) +
                                      (approve ? "?approve=1" : "?deny=1"),
                                  {}, {});
        co_return done ? result<void>{} : std::unexpected(done.error());
    }

  private:
    /// An id in a path: user channels have a colon, which a path may carry as it is.
    static std::string net_id(const enrollment_id& id) {
        std::string out;
        for (const char c : id.value()) {
            out += c == ':' ? std::string{c} : percent_encode({&c, 1});
        }
        return out;
    }

    net::task<result<net::response>> call(std::string method, std::string target, bytes body,
                                          std::string content_type) {
        auto whole = base_.target.substr(0, base_.target.find_last_not_of('/') + 1) + target;
        net::request request{std::move(method), std::move(whole), {}, std::move(body)};
        const auto label = request.method + ' ' + std::string{net::path_of(request.target)};
        request.headers.push_back(
            {"Authorization", "Basic " + to_base64(as_bytes(options_.user + ':' + options_.key))});
        if (!content_type.empty()) {
            request.headers.push_back({"Content-Type", std::move(content_type)});
        }
        // A kept connection may have been closed by the server meanwhile: one more try on a new
        // one.
        for (int attempt = 0;; ++attempt) {
            const bool kept = connection_ != nullptr && connection_->reusable();
            const auto connection = co_await current();
            if (!connection) {
                co_return fail(errc::unreachable, label, connection.error().message());
            }
            auto answer =
                co_await (*connection)->exchange(request, world_->now() + options_.timeout, note());
            if (answer) {
                co_return judge(std::move(*answer), label);
            }
            if (connection_ == *connection) {
                connection_.reset();
            }
            if (!kept || attempt > 0 || answer.error().kind != net::transport_failure::reset) {
                co_return fail(errc::unreachable, label, answer.error().message());
            }
        }
    }

    /// The one connection, opened when there is none. Verbs for many Macs run side by side over
    /// HTTP/2; whoever comes while it is being opened waits for it.
    net::task<net::open_result> current() {
        while (opening_) {
            co_await opened_.wait_until(net::never);
        }
        if (connection_ != nullptr && connection_->reusable()) {
            co_return connection_;
        }
        opening_ = true;
        net::open_options o;
        o.server = base_.server;
        if (base_.secure) {
            o.tls = net::client_tls{options_.trust, nullptr, {"h2", "http/1.1"}};
        }
        o.deadline = world_->now() + options_.timeout;
        o.note = note();
        auto result = co_await world_->open(std::move(o));
        opening_ = false;
        opened_.notify_all();
        if (result) {
            connection_ = *result;
        }
        co_return result;
    }

    static net::annotation note() { return {actor{"operator"}, "api", 0}; }

    static result<net::response> judge(net::response answer, const std::string& label) {
        if (answer.status == 401 || answer.status == 403) {
            return fail(errc::unauthorized, label + ": HTTP " + std::to_string(answer.status),
                        to_text(answer.body));
        }
        // KMFDDM: 304 says that nothing changed, which is as good.
        if ((answer.status < 200 || answer.status > 299) && answer.status != 304) {
            return fail(errc::refused, label + ": HTTP " + std::to_string(answer.status),
                        to_text(answer.body));
        }
        return answer;
    }

    net::world* world_;
    api_options options_;
    net::url base_;
    std::shared_ptr<net::connection> connection_;
    net::signal opened_;
    bool opening_ = false;
};

} // namespace

net::task<result<void>> adapter::set_users(std::vector<directory_user> /*users*/) {
    co_return fail(errc::refused, "this server's adapter cannot say which users are managed");
}
net::task<result<void>> adapter::set_scep_approval(bool /*manual*/) {
    co_return fail(errc::refused, "this server's adapter cannot work its CA");
}
net::task<result<std::vector<waiting_request>>> adapter::waiting_requests() {
    co_return fail(errc::refused, "this server's adapter cannot work its CA");
}
net::task<result<std::string>> adapter::access_token(std::string /*account*/,
                                                     std::string /*mode*/) {
    co_return fail(errc::refused, "this server's adapter cannot sign users in");
}
net::task<result<void>> adapter::decide_request(std::string /*transaction_id*/, bool /*approve*/) {
    co_return fail(errc::refused, "this server's adapter cannot work its CA");
}

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

result<std::unique_ptr<adapter>> make_nanomdm_adapter(net::world& world, api_options options) {
    auto base = net::parse_url(options.base_url);
    if (!base) {
        return std::unexpected(base.error());
    }
    return std::make_unique<nanomdm_adapter>(world, std::move(options), std::move(*base));
}

} // namespace pomona::targets
