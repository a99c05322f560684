// What providers send to the push service, and what the (emulated) push service answers.
#include "push_history.hpp"
#include "registry.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pomona::checks {
namespace {

constexpr std::string_view no_pushes =
    "no push to a Mac of this run was recorded at the push service (it may be a foreign one)";
/// Pushes there were, but each so soon after a TokenUpdate that an older pair may rightly have been
/// on its way.
constexpr std::string_view pushes_too_soon =
    "no push came ten seconds or more after an accepted TokenUpdate";

void note_push(observation& to, const judged_push& p, std::string expected, std::string actual,
               const trace::event* around = nullptr) {
    note(to, *p.push->request, std::move(expected), std::move(actual), {around});
    to.violations.back().mac = p.mac;
}

/// "exactly one key mdm": the shape of an MDM payload.
std::string shape_problem(const trace::event& push) {
    const auto* keys = list_of(push.summary, "payload_keys");
    if (keys == nullptr) {
        return "a payload that is no JSON object";
    }
    if (*keys != std::vector<std::string>{"mdm"}) {
        return "the keys " + joined(*keys);
    }
    return push.summary.find("PushMagic") == nullptr ? "a value of \"mdm\" that is no text" : "";
}

// Apple, "Sending MDM commands": the notification's payload is {"mdm": PushMagic}, nothing else.
observation payload_has_one_key(const trace_view& run) {
    observation out;
    const push_history history{run};
    for (const auto& p : history.known()) {
        ++out.occasions;
        const auto& push = *p.push->request;
        if (auto problem = shape_problem(push); !problem.empty()) {
            note_push(out, p, "a JSON object with the one key \"mdm\"", std::move(problem));
            continue;
        }
        const auto magic = push.summary.text("PushMagic");
        const bool announced =
            std::ranges::find(p.before, magic, &announcement::magic) != p.before.end();
        if (!announced && p.is_settled) {
            note_push(out, p, "a PushMagic that the channel announced", std::string{magic},
                      p.before.back()->token_update->request);
        }
    }
    out.reason = no_pushes;
    return out;
}

// Apple, "Token Update": the server uses the newest values.
observation payload_has_current_magic(const trace_view& run) {
    observation out;
    const push_history history{run};
    for (const auto& p : history.known()) {
        if (auto problem = shape_problem(*p.push->request); !problem.empty()) {
            ++out.occasions;
            note_push(out, p, "valid JSON with the one key \"mdm\"", std::move(problem));
        } else if (p.pair_is_current() || (p.is_settled && p.token_is_current())) {
            ++out.occasions;
            if (!p.pair_is_current()) {
                note_push(out, p, "the PushMagic of the newest TokenUpdate of " + p.channel,
                          "another one", p.current.back()->token_update->request);
            }
        }
    }
    out.reason = history.known().empty() ? no_pushes : pushes_too_soon;
    return out;
}

// Apple, "Sending notification requests to APNs": the path has the token's octets in hex; "Token
// Update": those of the newest update.
observation path_has_current_token(const trace_view& run) {
    observation out;
    const push_history history{run};
    for (const auto& p : history.known()) {
        if (!p.is_settled && !p.token_is_current()) {
            continue;
        }
        ++out.occasions;
        if (!p.token_is_current()) {
            note_push(out, p, "the token of the newest TokenUpdate of " + p.channel,
                      "an older one of its tokens", p.current.back()->token_update->request);
        }
    }
    for (const auto* x : history.unknown()) {
        const auto token = x->request->summary.text("Token");
        if (const auto meant = history.mangled_from(token); !meant.empty()) {
            ++out.occasions;
            note(out, *x->request, "the token in hex: " + meant, escape(token), {x->answer});
            out.violations.back().mac = run.mac_of_token(meant);
        }
    }
    out.reason = history.known().empty() ? no_pushes : pushes_too_soon;
    return out;
}

std::string_view topic_used(const trace::event& push) {
    const auto header = push.summary.text("Topic");
    return header.empty() ? push.summary.text("certificate_topic") : header;
}

// Apple, "Token Update" and "Setting up push notifications for MDM": the topic the device
// announced. Without apns-topic it is the certificate's UID.
observation topic_is_the_enrollments(const trace_view& run) {
    observation out;
    const push_history history{run};
    for (const auto& p : history.known()) {
        const auto topic = topic_used(*p.push->request);
        const auto token = p.push->request->summary.text("Token");
        const announcement* own = nullptr;
        for (const auto* a : p.before) {
            own = a->token == token ? a : own;
        }
        if (own == nullptr || topic.empty() || own->topic.empty()) {
            continue;
        }
        ++out.occasions;
        if (topic != own->topic) {
            note_push(out, p, std::string{own->topic}, std::string{topic},
                      own->token_update->request);
        }
    }
    out.reason = no_pushes;
    return out;
}

// Apple, "Sending notification requests to APNs": apns-push-type mdm, apns-topic the UID of the
// certificate's subject.
observation headers_say_mdm(const trace_view& run) {
    observation out;
    for (const auto& x : run.pushes()) {
        if (!is_push(x)) {
            continue;
        }
        ++out.occasions;
        const auto& s = x.request->summary;
        if (s.text("push_type") != "mdm") {
            const auto type = s.text("push_type");
            note(out, *x.request, "apns-push-type: mdm",
                 type.empty() ? "no apns-push-type" : "apns-push-type: " + std::string{type});
        } else if (const auto uid = s.text("certificate_topic");
                   s.text("Topic").empty() || (!uid.empty() && s.text("Topic") != uid)) {
            note(out, *x.request, "apns-topic: " + std::string{uid},
                 s.text("Topic").empty() ? "no apns-topic" : std::string{s.text("Topic")});
        }
    }
    out.reason = no_pushes;
    return out;
}

// Apple, "Establishing a certificate-based connection to APNs": no provider token there.
observation one_credential(const trace_view& run) {
    observation out;
    for (const auto& x : run.pushes()) {
        if (!is_push(x) || x.request->client_certificate.empty()) {
            continue;
        }
        ++out.occasions;
        if (net::find_header(x.request->headers, "authorization")) {
            note(out, *x.request, "no authorization header beside a client certificate",
                 "both credentials");
        }
    }
    out.reason = "no push with a client certificate was recorded at the push service";
    return out;
}

std::string connection_of(const trace::event& e) {
    return e.exchange.substr(0, e.exchange.rfind('/'));
}

// Apple, "Sending notification requests to APNs": keep connections open; rapid opening and closing
// is treated as an attack. Choice: ten accepted pushes in ten seconds, each on a connection of its
// own, are a breach whatever the number of permitted connections is.
observation connections_are_reused(const trace_view& run) {
    constexpr std::size_t in_a_row = 10;
    observation out;
    std::map<std::string, std::vector<const exchange*>, std::less<>> by_provider;
    for (const auto& x : run.pushes()) {
        if (is_push(x) && is_accepted(x) && !x.request->exchange.empty()) {
            by_provider[x.request->client_certificate].push_back(&x);
        }
    }
    for (const auto& [provider, pushes] : by_provider) {
        for (std::size_t last = in_a_row - 1; last < pushes.size(); last += in_a_row) {
            const auto& from = *pushes[last + 1 - in_a_row]->request;
            const auto& to = *pushes[last]->request;
            if (to.time - from.time > grace) {
                continue;
            }
            ++out.occasions;
            std::set<std::string> connections;
            for (auto i = last + 1 - in_a_row; i <= last; ++i) {
                connections.insert(connection_of(*pushes[i]->request));
            }
            if (connections.size() == in_a_row) {
                note(out, to, "pushes share connections", "ten pushes on ten connections", {&from});
            }
        }
    }
    out.reason = "fewer than ten pushes within ten seconds";
    return out;
}

// Apple, "Handling notification responses from APNs": a success has apns-id and no body.
observation success_has_id_and_no_body(const trace_view& run) {
    observation out;
    for (const auto& x : run.pushes()) {
        if (!is_push(x) || !x.answered() || x.answer->status != 200) {
            continue;
        }
        ++out.occasions;
        if (x.answer->summary.text("apns_id").empty()) {
            note(out, *x.answer, "the header apns-id", "none", {x.request});
        } else if (x.answer->body) {
            note(out, *x.answer, "no body", std::to_string(x.answer->body->size) + " octets",
                 {x.request});
        }
    }
    out.reason = "no push was answered with 200 by the push service";
    return out;
}

// Apple, "Handling notification responses from APNs": the time in milliseconds at which APNs found
// the token no longer valid; so in the past, and not before a Mac still announced the token.
observation gone_has_timestamp(const trace_view& run) {
    observation out;
    const push_history history{run};
    for (const auto& x : run.pushes()) {
        if (!is_push(x) || !x.answered() || x.answer->status != 410) {
            continue;
        }
        ++out.occasions;
        const auto& e = *x.answer;
        const auto told = e.summary.number("timestamp");
        const auto now =
            std::chrono::duration_cast<std::chrono::milliseconds>(e.time.time_since_epoch())
                .count();
        constexpr std::int64_t seconds_end = 100'000'000'000; // as milliseconds: the year 1973
        if (!told) {
            note(out, e, "a timestamp", "none", {x.request});
        } else if (*told > now) {
            note(out, e, "a timestamp in the past", std::to_string(*told), {x.request});
        } else if (*told < seconds_end) {
            note(out, e, "milliseconds since 1970", std::to_string(*told), {x.request});
        }
    }
    out.reason = "the push service answered no push with 410";
    return out;
}

constexpr std::string_view sending_mdm = "Apple, \"Sending MDM commands to a device\"";
constexpr std::string_view token_update = "Apple, \"Token Update\"";
constexpr std::string_view sending = "Apple, \"Sending notification requests to APNs\"";
constexpr std::string_view responses = "Apple, \"Handling notification responses from APNs\"";

} // namespace

void add_apns_checks(std::vector<check>& to) {
    using enum level;
    using enum subject;
    to.push_back({"MDM-CHK-020",
                  "A push has exactly one JSON key, mdm, with the channel's PushMagic.",
                  must,
                  basis::documented,
                  sending_mdm,
                  server,
                  {},
                  payload_has_one_key});
    to.push_back({"MDM-CHK-022",
                  "The push topic is the Topic of the enrollment.",
                  must,
                  basis::documented,
                  token_update,
                  server,
                  {},
                  topic_is_the_enrollments});
    to.push_back({"APNS-040",
                  "The payload is valid JSON with one key, mdm, and the current PushMagic.",
                  must,
                  basis::documented,
                  token_update,
                  provider,
                  {"Layr-Labs/d-inference#869"},
                  payload_has_current_magic});
    to.push_back({"APNS-041",
                  "The token in the path is that of the channel's newest TokenUpdate.",
                  must,
                  basis::documented,
                  token_update,
                  provider,
                  {"Layr-Labs/d-inference#869", "micromdm/micromdm@6065d1f2"},
                  path_has_current_token});
    to.push_back({"APNS-042",
                  "A push has apns-push-type mdm and the certificate's UID as apns-topic.",
                  should,
                  basis::documented,
                  sending,
                  provider,
                  {},
                  headers_say_mdm});
    to.push_back({"APNS-043",
                  "No authorization header goes with a client certificate.",
                  should,
                  basis::documented,
                  "Apple, \"Establishing a certificate-based connection to APNs\"",
                  provider,
                  {},
                  one_credential});
    to.push_back({"APNS-044",
                  "Pushes reuse connections.",
                  must,
                  basis::documented,
                  sending,
                  provider,
                  {},
                  connections_are_reused});
    to.push_back({"APNS-016",
                  "An accepted push is answered with apns-id and without a body.",
                  must,
                  basis::documented,
                  responses,
                  push_service,
                  {},
                  success_has_id_and_no_body});
    to.push_back({"APNS-018",
                  "A 410 tells since when, in milliseconds and not in the future.",
                  must,
                  basis::documented,
                  responses,
                  push_service,
                  {},
                  gone_has_timestamp});
}

} // namespace pomona::checks
