// Apple's services, emulated, beside the push service: Apple Business Manager, the portal that
// works it, and the proxy for clients that know only Apple's host names.
#include "examination.hpp"
#include "pomona/net/server_name.hpp"
#include "pomona/targets/adapter.hpp"
#include "pomona/targets/apple_client.hpp"

#include <nlohmann/json.hpp>

namespace pomona::doctor {
namespace {

using json = nlohmann::json;

constexpr std::string_view abm_name = "mdmenrollment.apple.com";
constexpr std::string_view apns_name = "api.push.apple.com";
/// RFC 6761 section 6.4: no such name ever is.
constexpr std::string_view nowhere = "pomona.invalid:443";

net::annotation note() {
    return {actor{"doctor"}, "doctor", 0};
}

net::trust_store apple_trust(const examination& e) {
    auto roots =
        crypto::certificate::from_pem(e.world.crypto(), as_bytes(e.about.target.apns.trust));
    return trust_of(roots ? *std::move(roots) : std::vector<crypto::certificate>{});
}

net::task<std::expected<std::shared_ptr<net::connection>, net::transport_error>>
connect(examination& e, net::url at, std::vector<std::string> alpn) {
    net::open_options o{.server = at.server,
                        .tls = std::nullopt,
                        .deadline = e.world.now() + attempt_time,
                        .note = note()};
    if (at.secure) {
        o.tls =
            net::client_tls{.trust = apple_trust(e), .identity = nullptr, .alpn = std::move(alpn)};
    }
    co_return co_await e.world.open(std::move(o));
}

/// Clients that are led here by Apple's name have to find it in the certificate.
void judge_name(examination& e, const net::connection& to, std::string_view name,
                const std::string& where) {
    const auto& chain = to.info()->peer_chain;
    if (!chain.empty() && !net::covers_host(chain.front(), name)) {
        e.warn("apple-name",
               "the certificate is not for " + std::string{name} +
                   ": clients that know only Apple's names refuse it",
               where, "issue it for Apple's name, too, as `pomona serve` does");
    }
}

net::task<void> probe_abm(examination& e, net::url at) {
    const auto where = e.place("abm_url", e.about.target.abm_url);
    const auto way = co_await look_at(e, at, where, {"h2", "http/1.1"}, apple_trust(e));
    if (way != standing::good) {
        e.not_examined("Apple Business Manager, emulated");
        co_return;
    }
    const auto opened = co_await connect(e, at, {"h2", "http/1.1"});
    if (!opened) { // good by the server's root, which is not the one that counts here
        e.problem("tls-untrusted", opened.error().message(), where,
                  "Apple Business Manager, emulated, chains to `apns.trust`: is this another "
                  "server?");
        co_return;
    }
    judge_name(e, **opened, abm_name, where);
    // Without a session the service says so; without a User-Agent it would say that.
    net::request ask{.method = "GET", .target = "/account", .headers = {}, .body = {}};
    ask.headers = {{"User-Agent", "pomona-doctor/1"}};
    const auto answer =
        co_await (*opened)->exchange(std::move(ask), e.world.now() + attempt_time, note());
    const auto text = answer ? std::string{as_text(answer->body)} : std::string{};
    if (answer && answer->status == 401 && text.find("UNAUTHORIZED") != std::string::npos) {
        e.ok("abm", "the device-enrollment service wants a session", where);
    } else if (answer && answer->status == 403) {
        e.ok("abm", "the device-enrollment service wants a session", where);
    } else {
        e.problem("abm-service",
                  "this is no device-enrollment service: " +
                      (answer ? "GET /account is HTTP " + std::to_string(answer->status)
                              : answer.error().message()),
                  where, "let `abm_url` be what stands before /session and /account");
    }
}

void judge_entry(examination& e, const json& entry, const std::string& where) {
    const auto name = escape(entry.value("name", ""));
    const auto expires = entry.contains("token_expires") && entry["token_expires"].is_string()
                             ? from_rfc3339(entry["token_expires"].get<std::string>())
                             : std::nullopt;
    if (!expires && !entry.value("has_certificate", false)) {
        e.warn("abm-key", "the MDM server " + name + " has no public key yet", where,
               "`pomona ctl abm add-server NAME --file FILE` takes it");
    } else if (!expires) {
        e.warn("abm-token", "the MDM server " + name + " has no token yet", where,
               "`pomona ctl abm token SERVER --out-file FILE` downloads it");
    } else if (*expires <= e.world.now()) {
        e.warn("abm-token",
               "the token of the MDM server " + name + " has expired on " + to_rfc3339(*expires),
               where, "`pomona ctl abm token SERVER --out-file FILE` renews it");
    }
}

net::task<void> probe_portal(examination& e) {
    const auto& t = e.about.target;
    const auto where = e.place("portal_url", t.portal_url);
    targets::apple_client portal{e.world,
                                 {.portal_url = t.portal_url,
                                  .user = t.api.user,
                                  .key = t.api.key,
                                  .abm_url = t.abm_url,
                                  .trust = apple_trust(e),
                                  .timeout = attempt_time}};
    const bool has_abm = !t.abm_url.empty();
    const auto told = co_await portal.portal("GET", has_abm ? "/portal" : "/push", {});
    if (!told && told.error().code == targets::errc::unreachable) {
        e.problem("portal-closed", "the portal cannot be reached: " + told.error().message(), where,
                  "start `pomona serve`, or correct the port");
    } else if (!told && told.error().code == targets::errc::unauthorized) {
        e.problem("portal-key", "the portal does not take user and key of the API", where,
                  "write those of the `pomona serve` that has it into `api`");
    }
    const auto about = told ? json::parse(*told, nullptr, false) : json{};
    if (told ? !about.is_object() : told.error().code == targets::errc::refused) {
        e.problem("portal-answer", "this is not the portal of emulated services", where,
                  "let `portal_url` be the one that `pomona serve` writes");
        co_return;
    }
    if (!told) {
        co_return;
    }
    const auto before = e.out.findings.size();
    if (has_abm && !about.value("terms_accepted", true)) {
        e.warn("abm-terms", "the organisation has not accepted the newest terms", where,
               "`pomona ctl abm terms accept`");
    }
    if (has_abm && about.contains("servers") && about["servers"].is_array()) {
        for (const auto& entry : about["servers"]) {
            judge_entry(e, entry, where);
        }
    }
    if (e.out.findings.size() == before) {
        e.ok("portal", "the emulated services can be worked", where);
    }
}

net::task<void> probe_proxy(examination& e, net::url at) {
    const auto where = e.place("proxy_url", e.about.target.proxy_url);
    const auto opened = co_await connect(e, at, {});
    if (!opened) {
        e.problem("proxy-closed", "the proxy cannot be reached: " + opened.error().message(), where,
                  "start `pomona serve --proxy-port`, or correct the port");
        co_return;
    }
    const auto answer = co_await (*opened)->exchange(
        {.method = "CONNECT", .target = std::string{nowhere}, .headers = {}, .body = {}},
        e.world.now() + attempt_time, note());
    if (answer && answer->status == 403) {
        e.ok("proxy", "the proxy refuses what is not Apple's", where);
    } else {
        e.problem(
            "proxy-other",
            "this proxy does not refuse a name that is not Apple's: " +
                (answer ? "HTTP " + std::to_string(answer->status) : answer.error().message()),
            where, "name that of `pomona serve`: through another one things leave the machine");
    }
}

net::task<void> probe_push_name(examination& e) {
    const auto& t = e.about.target.apns;
    const net::url at{.secure = true, .server = {t.host, t.port}, .target = "/"};
    const auto known = e.endpoints.find(net::to_text(at.server));
    if (known == e.endpoints.end() || known->second != standing::good) {
        co_return;
    }
    if (const auto opened = co_await connect(e, at, {"h2"})) {
        judge_name(e, **opened, apns_name, e.place("apns.host", net::to_text(at.server)));
    }
}

} // namespace

net::task<void> probe_apple(examination& e) {
    const auto& t = e.about.target;
    if (const auto abm = net::parse_url(t.abm_url); abm && !t.abm_url.empty()) {
        co_await probe_abm(e, *abm);
    }
    if (!t.portal_url.empty()) {
        co_await probe_portal(e);
    }
    if (const auto proxy = net::parse_url(t.proxy_url); proxy && !t.proxy_url.empty()) {
        co_await probe_proxy(e, *proxy);
        co_await probe_push_name(e);
    }
}

} // namespace pomona::doctor
