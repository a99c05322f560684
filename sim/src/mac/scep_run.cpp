// Carries the SCEP client's actions over the world.
#include "mac/enrollment.hpp"
#include "mac/policy.hpp"

namespace pomona::sim::mac {
namespace {

step_failure at_scep(std::string reason, std::uint64_t event, bool transport = false) {
    return {.what = {.at = "scep", .reason = std::move(reason), .transport = transport},
            .event = event};
}

/// Observed (F21): "mdmclient/… CFNetwork/… Darwin/…", the latter two of the system that is
/// installed.
std::string scep_agent(const core& c) {
    const auto& kind = c.hw.kind;
    const auto slash = kind.user_agent.find("mdmclient/");
    auto out = slash == std::string::npos ? kind.user_agent : kind.user_agent.substr(slash);
    const auto* release = c.box.updates.release();
    const bool updated = release != nullptr && release->version != kind.os_version;
    return out.append(" ").append(updated ? release->network_agent : kind.network_agent);
}

net::request request_of(scep::http_action a, std::string agent) {
    net::request out;
    out.method = a.post ? "POST" : "GET";
    if (!a.content_type.empty()) {
        out.headers.push_back({"Content-Type", std::move(a.content_type)});
    }
    out.headers.push_back({"User-Agent", std::move(agent)});
    out.headers.push_back({"Accept", "*/*"});
    out.body = std::move(a.body);
    return out;
}

/// The next action, computed off the world's thread: RSA operations take milliseconds.
template <class Step>
net::task<scep::action> compute(net::world& w, Step step) {
    std::optional<scep::action> next;
    auto work = [&next, &step] { next = step(); };
    co_await w.offload(work, scep_step_cost);
    co_return *std::move(next);
}

/// What kind of client this Mac has.
void adapt(scep::client_config& config, const core& c) {
    const auto dialect = c.hw.wire.scep;
    config.legacy = c.env->scep_legacy;
    if (dialect == scep_dialect::rfc8894) {
        return;
    }
    // SCEP-060.
    config.ber_envelope = true;
    config.raw_get = true;
    if (dialect == scep_dialect::apple_old) {
        config.always_get = true;
        config.name = config.name.value_or("");
    }
}

} // namespace

net::task<std::expected<issued_identity, step_failure>>
run_scep(core_ptr self, scep::client_config config, net::trust_store trust, std::uint64_t cause) {
    auto& w = self->world();
    const auto generation = self->generation;
    adapt(config, *self);
    scep::client client{w.crypto(), std::move(config), self->key};
    web_client web{w, self->who, self->anonymous(std::move(trust)), self->env->request_timeout};
    auto action = client.start(self->now());
    while (true) {
        if (!self->is_still(generation)) {
            co_return std::unexpected{at_scep("the enrollment was given up meanwhile", cause)};
        }
        if (auto* http = std::get_if<scep::http_action>(&action)) {
            if (self->state.network_delay > duration{}) {
                co_await w.sleep_for(self->state.network_delay);
            }
            if (!self->is_reachable()) {
                co_return std::unexpected{at_scep("the Mac is offline", cause, true)};
            }
            auto url = http->url;
            auto answer = co_await web.send(
                std::move(url), request_of(std::move(*http), scep_agent(*self)), "scep", cause);
            if (!answer) {
                const auto& e = answer.error();
                co_return std::unexpected{
                    at_scep(e.message(), e.event != 0 ? e.event : cause, !e.after_send)};
            }
            cause = answer->event != 0 ? answer->event : cause;
            const auto now = self->now();
            auto step = [&client, &answer, now] {
                return client.on_response(answer->status, net::media_type(answer->headers),
                                          answer->body, now);
            };
            action = co_await compute(w, step);
        } else if (const auto* wait = std::get_if<scep::wait_action>(&action)) {
            co_await w.sleep_for(wait->delay);
            const auto now = self->now();
            auto step = [&client, now] { return client.on_wait_over(now); };
            action = co_await compute(w, step);
        } else if (auto* failed = std::get_if<scep::failed_action>(&action)) {
            co_return std::unexpected{at_scep(failed->why.message(), cause)};
        } else {
            auto& done = std::get<scep::done_action>(action);
            auto identity = std::make_shared<const crypto::identity>(
                crypto::identity{.cert = std::move(done.issued), .key = self->key, .chain = {}});
            co_return issued_identity{.identity = std::move(identity), .event = cause};
        }
    }
}

} // namespace pomona::sim::mac
