// Names, TCP, TLS, certificates and clocks of the servers that the target file names.
#include "examination.hpp"
#include "pomona/net/server_name.hpp"

#include <algorithm>
#include <ctime>
#include <iomanip>
#include <sstream>

namespace pomona::doctor {
namespace {

using namespace std::chrono_literals;
using days = std::chrono::days;

constexpr auto expires_soon = days{14};
// Choice: a CMS signing time or a certificate's NotBefore is off by as much as the clocks are.
// Servers date a certificate back by minutes at most (micromdm/nanomdm#73: one second was enough).
constexpr auto skew_noted = 5s;
constexpr auto skew_too_large = 60s;

constexpr std::string_view actor_name = "doctor";

net::open_options opening(examination& e, const net::url& at) {
    net::open_options o;
    o.server = at.server;
    o.deadline = e.world.now() + attempt_time;
    o.note = {actor{std::string{actor_name}}, "doctor", 0};
    return o;
}

net::client_tls tls_with(std::vector<std::string> alpn, net::trust_store trust, bool judge) {
    net::client_tls tls;
    tls.trust = std::move(trust);
    tls.alpn = std::move(alpn);
    tls.judge_server = judge;
    return tls;
}

void note_no_connection(examination& e, const net::transport_error& why, const net::url& at,
                        const std::string& where) {
    if (why.detail.starts_with("resolving ")) {
        e.problem("name-unknown", "the name " + escape(at.server.host) + " does not resolve", where,
                  "correct the host, or add it to DNS or /etc/hosts");
    } else {
        e.problem("port-closed", "the server cannot be reached: " + why.message(), where,
                  "start the server, correct host or port, or let the firewall pass it");
    }
}

std::string names_of(const crypto::certificate& leaf) {
    std::string out;
    for (const auto& name : leaf.dns_names()) {
        out += (out.empty() ? "" : ", ") + escape(name);
    }
    return out.empty() ? "no name at all (a subject's CN does not count)" : out;
}

/// Everything that is wrong with a certificate that was refused.
void note_chain(examination& e, const std::vector<crypto::certificate>& chain,
                const net::trust_store& trust, const net::url& at, const std::string& where) {
    const auto now = e.world.now();
    const auto& leaf = chain.front();
    for (const auto& c : chain) {
        const auto who = &c == &chain.front() ? std::string{"the server's certificate"}
                                              : "the chain's " + crypto::to_text(c.subject());
        if (now > c.not_after()) {
            e.problem("tls-expired", who + " has expired on " + to_rfc3339(c.not_after()), where,
                      "renew it and load it into the server");
        } else if (now < c.not_before()) {
            e.problem("tls-not-yet-valid",
                      who + " is valid only from " + to_rfc3339(c.not_before()) + " on", where,
                      "set the clock of whoever issued it, or issue it anew");
        }
    }
    if (!net::covers_host(leaf, at.server.host)) {
        e.problem("tls-name",
                  "the certificate is for " + names_of(leaf) + ", not for " +
                      escape(at.server.host),
                  where, "issue one with this host as subject alternative name, or use its name");
    }
    const std::vector<crypto::certificate> between{chain.begin() + 1, chain.end()};
    // Judged at its own time, so that an expired one is not called untrusted too.
    const auto then = std::max(std::min(now, leaf.not_after()), leaf.not_before());
    if (const auto good = crypto::verify_chain(leaf, between, *trust, then);
        !good && good.error().code == crypto::errc::untrusted) {
        e.problem("tls-untrusted",
                  "the certificate does not chain to what the target file trusts; its issuer is " +
                      escape(crypto::to_text(leaf.issuer())),
                  where,
                  "put that issuer's root into `trust`, or let the server send the whole chain");
    }
}

void note_good(examination& e, const net::connection_info& info, const std::string& where) {
    const auto& leaf = info.peer_chain.front();
    e.ok("tls",
         info.tls_version + ", " + info.alpn + ", certificate until " +
             to_rfc3339(leaf.not_after()),
         where);
    if (leaf.not_after() - e.world.now() < expires_soon) {
        e.warn("tls-expires-soon", "the certificate expires on " + to_rfc3339(leaf.not_after()),
               where, "renew it in time");
    }
}

net::task<standing> shake_hands(examination& e, net::url at, std::string where,
                                std::vector<std::string> alpn, net::trust_store trust) {
    auto o = opening(e, at);
    o.tls = tls_with(alpn, trust, true);
    const auto judged = co_await e.world.open(std::move(o));
    if (judged) {
        note_good(e, *(*judged)->info(), where);
        co_return standing::good;
    }
    o = opening(e, at);
    o.tls = tls_with(alpn, trust, false);
    const auto opened = co_await e.world.open(std::move(o));
    if (!opened) {
        const bool only_h2 = alpn.size() == 1 && alpn.front() == "h2";
        if (only_h2 && opened.error().detail.contains("no_application_protocol")) {
            e.problem("apns-http2", "the push service does not speak HTTP/2", where,
                      "offer h2 by ALPN there: APNs is HTTP/2 only");
        } else {
            e.problem(
                "tls-handshake", "no TLS: " + opened.error().message(), where,
                "is this a plain HTTP port? Serve TLS 1.2 or later there, or correct the port");
        }
        co_return standing::no_tls;
    }
    const auto before = e.out.findings.size();
    note_chain(e, (*opened)->info()->peer_chain, trust, at, where);
    if (e.out.findings.size() == before) {
        e.problem("tls-refused", judged.error().message(), where,
                  "`openssl s_client -connect` shows what the server presents");
    }
    co_return standing::untrusted;
}

std::optional<time_point> http_date(const net::headers& headers) {
    const auto text = net::find_header(headers, "date");
    if (!text) {
        return std::nullopt;
    }
    std::tm parts{};
    std::istringstream in{std::string{*text}};
    in.imbue(std::locale::classic());
    in >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S"); // RFC 9110 section 5.6.7
    if (!in) {
        return std::nullopt;
    }
    // A peer may write any year: what nanoseconds cannot count stays at the range's end.
    constexpr std::time_t last = 9'000'000'000;
    const auto seconds = std::clamp<std::time_t>(::timegm(&parts), 0, last);
    return time_point{std::chrono::seconds{seconds}};
}

/// Once a run: all answers come from one server, or should.
void judge_clock(examination& e, const net::headers& headers, const std::string& where) {
    const auto theirs = http_date(headers);
    if (e.clock_judged || !theirs) {
        return;
    }
    e.clock_judged = true;
    const auto off = std::chrono::floor<std::chrono::seconds>(*theirs - e.world.now());
    const auto size = std::chrono::abs(off);
    const auto words = "the server's clock is " + format_duration(size) +
                       (off.count() < 0 ? " behind" : " ahead of") + " this machine's";
    const std::string mend = "let both follow NTP: signing times and new certificates would be "
                             "judged as not yet valid";
    if (size > skew_too_large) {
        e.problem("clock", words, where, mend);
    } else if (size > skew_noted) {
        e.warn("clock", words, where, mend);
    } else {
        e.ok("clock", "the server's clock agrees within " + format_duration(skew_noted), where);
    }
}

} // namespace

net::task<standing> look_at(examination& e, net::url at, std::string where,
                            std::vector<std::string> alpn, net::trust_store trust) {
    const auto key = net::to_text(at.server);
    if (const auto known = e.endpoints.find(key); known != e.endpoints.end()) {
        co_return known->second;
    }
    auto state = standing::unreachable;
    const auto plain = co_await e.world.open(opening(e, at));
    if (!plain) {
        note_no_connection(e, plain.error(), at, where);
    } else if (!at.secure) {
        (*plain)->close();
        state = standing::good;
    } else {
        (*plain)->close();
        state = co_await shake_hands(e, at, std::move(where), std::move(alpn), std::move(trust));
    }
    e.endpoints.emplace(key, state);
    co_return state;
}

net::task<std::expected<net::response, std::string>> get(examination& e, net::url from,
                                                         std::string where) {
    const auto found = e.endpoints.find(net::to_text(from.server));
    const bool judge = found == e.endpoints.end() || found->second == standing::good;
    auto o = opening(e, from);
    if (from.secure) {
        o.tls = tls_with({"h2", "http/1.1"}, trust_of(e.roots), judge);
    }
    const auto opened = co_await e.world.open(std::move(o));
    if (!opened) {
        co_return std::unexpected(opened.error().message());
    }
    net::request what;
    what.target = from.target;
    net::annotation note{actor{std::string{actor_name}}, "doctor", 0};
    auto answer = co_await (*opened)->exchange(std::move(what), e.world.now() + attempt_time,
                                               std::move(note));
    (*opened)->close();
    if (!answer) {
        co_return std::unexpected(answer.error().message());
    }
    judge_clock(e, answer->headers, where);
    co_return std::move(*answer);
}

net::task<void> probe_addresses(examination& e) {
    const auto& t = e.about.target;
    const std::vector<std::pair<std::string, std::string>> urls{
        {"url", t.url}, {"enroll_url", t.enroll_url}, {"api.url", t.api.url}};
    for (const auto& [key, text] : urls) {
        if (auto at = net::parse_url(text)) {
            const auto where = e.place(key, text);
            const bool secure = at->secure;
            const auto state =
                co_await look_at(e, std::move(*at), where, {"h2", "http/1.1"}, trust_of(e.roots));
            if (!secure && state == standing::good) {
                e.warn("http-plain", "the way there is plain HTTP", where,
                       "use https unless it never leaves this machine");
            }
        }
    }
    auto push_roots = crypto::certificate::from_pem(e.world.crypto(), as_bytes(t.apns.trust));
    net::url push;
    push.server = {t.apns.host, t.apns.port};
    co_await look_at(
        e, push, e.place("apns.host", net::to_text(push.server)), {"h2"},
        trust_of(push_roots ? std::move(*push_roots) : std::vector<crypto::certificate>{}));
}

} // namespace pomona::doctor
