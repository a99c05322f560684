#include "bench.hpp"

#include "pomona/foundation/encoding.hpp"

namespace pomona::sim::idp {
namespace {

constexpr auto verifier = "a-verifier-that-is-at-least-forty-three-octets-long";

crypto::private_key fixed_key(const crypto::context& ctx) {
    static const auto der =
        crypto::private_key::generate_rsa(crypto::context::seeded(as_bytes("idp")))
            .value()
            .to_der();
    return crypto::private_key::from_der(ctx, der).value();
}

/// The last one of a name counts: what the test changes.
void put(form& into, const form& changes) {
    for (const auto& c : changes) {
        std::erase_if(into, [&](const form_field& f) { return f.name == c.name; });
    }
    for (const auto& c : changes) {
        if (!c.value.empty()) {
            into.push_back(c);
        }
    }
}

} // namespace

provider::provider() : world_{net::make_virtual_world({.seed = 1, .start = {}})} {
    const auto key = fixed_key(world_->crypto());
    crypto::certificate_spec spec;
    spec.subject = {{"CN", "Identity provider"}};
    spec.serial = {0x41};
    spec.not_before = world_->now() - 1h;
    spec.not_after = world_->now() + 24h * 365;
    const auto cert = crypto::self_sign(spec, key).value();
    service_options how{
        .tls = {.cert = cert, .key = key, .chain = {}},
        .key = key,
        .users = {{.name = "ada@example.org", .password = "secret"},
                  {.name = "grace",
                   .password = "compiler",
                   .email = "grace@example.org",
                   .full_name = "Grace Hopper"}},
        .clients = {{.id = "web", .secret = "s+c r", .redirect_uris = {"https://rp.example/done"}},
                    {.id = "app", .secret = "", .redirect_uris = {"app-scheme:/done?x=1"}}},
        .parties = {
            {.entity_id = "https://sp.example/metadata", .acs_urls = {"https://sp.example/acs"}}}};
    state_ = std::make_unique<state>(*world_, std::move(how), cert);
    state_->issuer = "https://idp.example";
}

form provider::asked(form changes) {
    form out{{"response_type", "code"},
             {"client_id", "web"},
             {"redirect_uri", "https://rp.example/done"},
             {"scope", "openid email profile"},
             {"state", "S1 &"},
             {"nonce", "N1"},
             {"code_challenge", to_base64url(crypto::sha256(as_bytes(verifier)))},
             {"code_challenge_method", "S256"}};
    put(out, changes);
    return out;
}

net::response provider::authorize(const form& query) {
    return answer_authorize(*state_, {.method = "GET",
                                      .target = "/oidc/authorize?" + write_form(query),
                                      .headers = {},
                                      .body = {}});
}

net::response provider::log_in(const net::response& page, const std::string& who,
                               const std::string& password, const std::string& action) {
    const auto text = text_of(page);
    constexpr std::string_view before = "name=\"request\" value=\"";
    const auto at = text.find(before);
    EXPECT_NE(at, std::string::npos) << text;
    const auto id = at == std::string::npos
                        ? std::string{}
                        : text.substr(at + before.size(),
                                      text.find('"', at + before.size()) - at - before.size());
    const form fields{
        {"request", id}, {"username", who}, {"password", password}, {"action", action}};
    return answer_login(*state_,
                        {.method = "POST",
                         .target = "/login",
                         .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                         .body = to_bytes(write_form(fields))});
}

std::string provider::back(const net::response& r, std::string_view name) {
    return net::query_parameter(net::find_header(r.headers, "Location").value_or(""), name)
        .value_or("");
}

std::string provider::code(form changes) {
    return back(log_in(authorize(asked(std::move(changes)))), "code");
}

net::response provider::token(form changes) {
    form body{{"grant_type", "authorization_code"},
              {"client_id", "web"},
              {"client_secret", "s+c r"},
              {"redirect_uri", "https://rp.example/done"},
              {"code_verifier", verifier}};
    put(body, changes);
    return answer_token(*state_,
                        {.method = "POST",
                         .target = "/oidc/token",
                         .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                         .body = to_bytes(write_form(body))});
}

json provider::tokens() {
    const auto r = token({{"code", code()}});
    EXPECT_EQ(r.status, 200U) << text_of(r);
    return json::parse(text_of(r), nullptr, false);
}

net::response provider::userinfo(const std::string& access) {
    return answer_userinfo(*state_, {.method = "GET",
                                     .target = "/oidc/userinfo",
                                     .headers = {{"Authorization", "Bearer " + access}},
                                     .body = {}});
}

net::reply provider::manage(const std::string& method, const std::string& path, const json& body) {
    return answer_management(*state_, {.method = method,
                                       .target = path,
                                       .headers = {},
                                       .body = to_bytes(body.is_null() ? "" : body.dump())});
}

std::string text_of(const net::response& r) {
    return to_text(bytes_view{r.body});
}

} // namespace pomona::sim::idp
