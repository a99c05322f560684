// The server's API as the adapter speaks it, and the push certificate that it tells of.
#include "examination.hpp"
#include "pomona/targets/adapter.hpp"

#include <algorithm>

namespace pomona::doctor {
namespace {

using days = std::chrono::days;

constexpr auto push_expires_soon = days{30};

std::unique_ptr<targets::adapter> adapter_of(examination& e) {
    const auto& t = e.about.target;
    auto roots = crypto::certificate::from_pem(e.world.crypto(), as_bytes(t.trust));
    targets::api_options o;
    o.base_url = t.api.url;
    o.trust = trust_of(roots ? std::move(*roots) : std::vector<crypto::certificate>{});
    o.user = t.api.user;
    o.key = t.api.key;
    o.timeout = attempt_time;
    auto made = targets::make_nanomdm_adapter(e.world, std::move(o));
    return made ? std::move(*made) : nullptr;
}

void note_api_error(examination& e, const error& why) {
    const auto& t = e.about.target;
    const auto where = e.place("api.url", t.api.url);
    if (why.code == targets::errc::unauthorized) {
        e.problem("api-key", "the API does not take user and key: " + why.message(),
                  e.place("api.key", t.api.url),
                  "write the server's own API user and key into `api`");
    } else if (why.code == targets::errc::refused || why.code == targets::errc::malformed) {
        e.problem("api-url", "this is not the API of `" + t.adapter + "`: " + why.message(), where,
                  "let `api.url` be what stands before /version and /v1/enqueue, or name another "
                  "adapter");
    } else {
        e.problem("api-answer", "the API gives no answer: " + why.message(), where,
                  "look into the server's log");
    }
}

void judge_capabilities(examination& e, const targets::adapter& adapter) {
    const auto has = adapter.capabilities();
    for (const auto& word : e.about.target.capabilities) {
        if (std::ranges::find(has, word) == has.end()) {
            e.problem("capability",
                      "the adapter `" + e.about.target.adapter + "` has no verb for `" +
                          escape(word) + "`",
                      e.place("capabilities", ""), "take it out of `capabilities`");
        }
    }
}

void judge_push_certificate(examination& e, const targets::push_certificate& c) {
    const auto where = e.place("api.url", e.about.target.api.url);
    const auto* wanted = e.mdm == nullptr ? nullptr : e.mdm->content.string("Topic");
    const auto before = e.out.findings.size();
    if (wanted != nullptr && c.topic != *wanted) {
        e.problem("push-topic",
                  "the profile's Topic is " + escape(*wanted) + ", the push certificate's " +
                      escape(c.topic),
                  where, "let the profile have the UID of the push certificate's subject as Topic");
    }
    if (c.not_after && *c.not_after <= e.world.now()) {
        e.problem("push-expired", "the push certificate has expired on " + to_rfc3339(*c.not_after),
                  where, "renew it with the same Apple Account and upload it");
    } else if (c.not_after && *c.not_after - e.world.now() < push_expires_soon) {
        e.warn("push-expires-soon", "the push certificate expires on " + to_rfc3339(*c.not_after),
               where, "renew it with the same Apple Account in time");
    }
    if (!c.problem.empty()) {
        e.problem("push-refused", "the push service refuses it: " + escape(c.problem), where,
                  "the emulated push service takes certificates that it issued itself: use its "
                  "apns/push.pem");
    }
    if (e.out.findings.size() == before) {
        e.ok("push-certificate", "the push certificate has the profile's Topic", where);
    }
}

} // namespace

net::task<void> probe_api(examination& e) {
    const auto at = net::parse_url(e.about.target.api.url);
    const auto known = at ? e.endpoints.find(net::to_text(at->server)) : e.endpoints.end();
    const auto adapter = adapter_of(e);
    if (adapter != nullptr) {
        judge_capabilities(e, *adapter);
    }
    if (adapter == nullptr || known == e.endpoints.end() || known->second != standing::good) {
        e.not_examined("the API, and the push certificate that it tells of");
        co_return;
    }
    const auto version = co_await adapter->probe();
    if (!version) {
        note_api_error(e, version.error());
        e.not_examined("the push certificate");
        co_return;
    }
    const auto where = e.place("api.url", e.about.target.api.url);
    e.ok("api", "version " + escape(*version) + ", user and key are taken", where);
    const auto* topic = e.mdm == nullptr ? nullptr : e.mdm->content.string("Topic");
    const auto told = co_await adapter->push_certificate_of(topic == nullptr ? "" : *topic);
    if (told && *told) {
        judge_push_certificate(e, **told);
    } else {
        e.not_examined("the push certificate: the API does not tell of it");
    }
}

} // namespace pomona::doctor
