// Automated Device Enrollment by web view (Apple, "Authenticating through web views"): GET
// /enroll/web with who the Mac is, the user's sign-in at the OpenID provider, and the profile.
#include "answers.hpp"
#include "enroll/machine.hpp"
#include "handlers.hpp"
#include "pomona/foundation/encoding.hpp"

#include <spdlog/spdlog.h>

namespace pomona::server {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::string_view device_info = "x-apple-aspen-deviceinfo";

sign_in_secrets draw_secrets(net::world& w) {
    const auto draw = [&] { return to_base64url(w.random(secret_bytes)); };
    return {.state = draw(), .nonce = draw(), .verifier = draw()};
}

net::response provider_failure(const error& why) {
    spdlog::warn("a sign-in failed: {}", why.message());
    return plain_answer(502, "signing in does not work at the moment");
}

} // namespace

std::string sign_in_address(const service& s) {
    return s.base_url + "/sign-in/done";
}

net::task<net::response> send_to_provider(service_ptr s, waiting_sign_in what,
                                          std::string login_hint) {
    what.with = draw_secrets(s->world);
    what.ends = s->world.now() + waiting_sign_ins::lifetime;
    auto where = co_await openid_client::begin(s->provider, what.with, sign_in_address(*s),
                                               std::move(login_hint));
    if (!where) {
        co_return provider_failure(where.error());
    }
    s->sign_ins.put(std::move(what));
    auto out = empty_answer(302);
    out.headers = {{"Location", *std::move(where)}, {"Cache-Control", "no-store"}};
    co_return out;
}

net::task<net::response> answer_enroll_web(service_ptr s, net::incoming in) {
    if (in.what.method != "GET") {
        co_return wrong_method("GET");
    }
    // ENR-043: who does not say which Mac it is gets nothing.
    const auto header = net::find_header(in.what.headers, device_info).value_or("");
    const auto message = from_base64(header);
    if (header.empty() || !message) {
        co_return plain_answer(400, "this address is for Macs in Setup Assistant");
    }
    const auto machine = identify_machine(*s, *message);
    if (!machine) {
        co_return machine.error();
    }
    co_return co_await send_to_provider(
        s, {.kind = waiting_sign_in::what::web_view, .serial = machine->serial}, {});
}

net::task<net::response> answer_sign_in_done(service_ptr s, net::incoming in) {
    if (in.what.method != "GET") {
        co_return wrong_method("GET");
    }
    const auto text = [&](std::string_view name) {
        return net::query_parameter(in.what.target, name).value_or("");
    };
    // ENR-045: good once, and only here: no cookie is needed.
    auto waiting = s->sign_ins.take(text("state"), s->world.now());
    if (!waiting) {
        co_return plain_answer(400, "nobody waits for this sign-in; begin again");
    }
    if (const auto error = text("error"); !error.empty()) {
        spdlog::info("a user did not sign in: {}", escape(error));
        co_return plain_answer(403, "you are not signed in, so this Mac is not enrolled");
    }
    auto who = co_await openid_client::finish(s->provider, waiting->with, sign_in_address(*s),
                                              text("code"));
    if (!who) {
        spdlog::warn("a sign-in is refused: {}", who.error().message());
        co_return plain_answer(403, "the sign-in cannot be accepted");
    }
    if (waiting->kind != waiting_sign_in::what::web_view) {
        co_return finish_account_sign_in(*s, *waiting, *who);
    }
    spdlog::info("{} signed in for the Mac {}", escape(who->name), waiting->serial.value());
    co_return co_await give_profile(s, {.serial = waiting->serial});
}

} // namespace pomona::server
