#include "enroll/openid.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/form.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::server {
namespace {

using json = nlohmann::json;

constexpr duration patience = std::chrono::seconds{15};
constexpr duration clock_tolerance = std::chrono::minutes{1};

std::unexpected<error> unfit(std::string why, std::string peer = {}) {
    return fail(std::make_error_code(std::errc::protocol_error), std::move(why), std::move(peer));
}

std::string text_in(const json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_string()
               ? found->get<std::string>()
               : std::string{};
}

std::optional<time_point> time_in(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer()) {
        return std::nullopt;
    }
    const auto seconds = found->get<std::int64_t>();
    return seconds < 0 || seconds > 9'000'000'000
               ? std::nullopt
               : std::optional{time_point{std::chrono::seconds{seconds}}};
}

/// "aud" is a text or a list of them; with others beside us, "azp" has to be us.
bool is_for(const json& claims, const std::string& client) {
    const auto aud = claims.find("aud");
    if (aud == claims.end()) {
        return false;
    }
    if (aud->is_string()) {
        return *aud == client;
    }
    const bool among = aud->is_array() && std::ranges::find(*aud, json(client)) != aud->end();
    return among && (aud->size() == 1 || text_in(claims, "azp") == client);
}

} // namespace

net::task<result<net::response>> openid_client::fetch(std::shared_ptr<openid_client> self,
                                                      std::string url, net::request what) {
    const auto to = net::parse_url(url);
    if (!to || !to->secure) {
        co_return unfit("an address of the OpenID provider is no https URL", url);
    }
    const auto deadline = self->world_->now() + patience;
    const net::annotation note{.who = actor{"server"}, .channel = "sign-in"};
    net::open_options how{.server = to->server,
                          .tls =
                              net::client_tls{.trust = self->provider_.trust, .identity = nullptr},
                          .deadline = deadline,
                          .note = note};
    auto opened = co_await self->world_->open(std::move(how));
    if (!opened) {
        co_return unfit("the OpenID provider cannot be reached: " + opened.error().message());
    }
    what.target = to->target;
    what.headers.push_back({"Accept", "application/json"});
    auto answer = co_await (*opened)->exchange(std::move(what), deadline, note);
    (*opened)->close();
    if (!answer) {
        co_return unfit("the OpenID provider gave no answer: " + answer.error().message());
    }
    co_return *std::move(answer);
}

net::task<result<void>> openid_client::discover(std::shared_ptr<openid_client> self) {
    if (self->at_) {
        co_return result<void>{};
    }
    const auto issuer = self->provider_.issuer;
    auto answer = co_await fetch(self, issuer + "/.well-known/openid-configuration", {});
    if (!answer) {
        co_return std::unexpected(std::move(answer.error()));
    }
    const auto document = json::parse(as_text(answer->body), nullptr, false);
    // OpenID Connect Discovery section 4.3: the issuer is the one that was asked.
    if (answer->status != 200 || text_in(document, "issuer") != issuer) {
        co_return unfit("the discovery document is not one of " + issuer);
    }
    endpoints at{.authorize = text_in(document, "authorization_endpoint"),
                 .token = text_in(document, "token_endpoint"),
                 .keys = text_in(document, "jwks_uri")};
    if (at.authorize.empty() || at.token.empty() || at.keys.empty()) {
        co_return unfit("the discovery document of " + issuer + " lacks an endpoint");
    }
    self->at_ = std::move(at);
    co_return result<void>{};
}

net::task<result<void>> openid_client::load_keys(std::shared_ptr<openid_client> self) {
    auto answer = co_await fetch(self, self->at_->keys, {});
    if (!answer) {
        co_return std::unexpected(std::move(answer.error()));
    }
    auto keys = crypto::read_jwk_set(self->world_->crypto(), as_text(answer->body));
    if (!keys) {
        co_return std::unexpected(std::move(keys.error()));
    }
    self->keys_ = *std::move(keys);
    co_return result<void>{};
}

net::task<result<std::string>> openid_client::begin(std::shared_ptr<openid_client> self,
                                                    sign_in_secrets with, std::string redirect_uri,
                                                    std::string login_hint) {
    if (auto known = co_await discover(self); !known) {
        co_return std::unexpected(std::move(known.error()));
    }
    form query{{"response_type", "code"},
               {"client_id", self->provider_.client_id},
               {"redirect_uri", std::move(redirect_uri)},
               {"scope", "openid profile email"},
               {"state", with.state},
               {"nonce", with.nonce},
               {"code_challenge", to_base64url(crypto::sha256(as_bytes(with.verifier)))},
               {"code_challenge_method", "S256"}};
    if (!login_hint.empty()) {
        query.push_back({"login_hint", std::move(login_hint)});
    }
    const auto& at = self->at_->authorize;
    co_return at + (at.find('?') == std::string::npos ? '?' : '&') + write_form(query);
}

net::task<result<signed_in_user>> openid_client::finish(std::shared_ptr<openid_client> self,
                                                        sign_in_secrets with,
                                                        std::string redirect_uri,
                                                        std::string code) {
    if (auto known = co_await discover(self); !known) {
        co_return std::unexpected(std::move(known.error()));
    }
    const auto& p = self->provider_;
    form body{{"grant_type", "authorization_code"},
              {"code", std::move(code)},
              {"redirect_uri", std::move(redirect_uri)},
              {"code_verifier", with.verifier},
              {"client_id", p.client_id}};
    if (!p.client_secret.empty()) {
        body.push_back({"client_secret", p.client_secret});
    }
    net::request post{.method = "POST",
                      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                      .body = to_bytes(write_form(body))};
    auto answer = co_await fetch(self, self->at_->token, std::move(post));
    if (!answer) {
        co_return std::unexpected(std::move(answer.error()));
    }
    const auto document = json::parse(as_text(answer->body), nullptr, false);
    const auto token = text_in(document, "id_token");
    if (answer->status != 200 || token.empty()) {
        co_return unfit("the OpenID provider gave no ID token for the code (HTTP " +
                            std::to_string(answer->status) + ")",
                        text_in(document, "error"));
    }
    auto who = self->judge(token, with.nonce);
    if (!who && who.error().code == crypto::errc::wrong_key) { // keys were changed
        if (auto loaded = co_await load_keys(self); !loaded) {
            co_return std::unexpected(std::move(loaded.error()));
        }
        who = self->judge(token, with.nonce);
    }
    co_return who;
}

result<signed_in_user> openid_client::judge(std::string_view token,
                                            const std::string& nonce) const {
    const auto jws = crypto::parse_jws(token);
    if (!jws) {
        return std::unexpected(jws.error());
    }
    const auto header = json::parse(jws->header, nullptr, false);
    const auto id = text_in(header, "kid");
    const auto key = std::ranges::find_if(keys_, [&](const crypto::verification_key& k) {
        return k.id == id || (id.empty() && keys_.size() == 1);
    });
    if (key == keys_.end()) {
        return fail(crypto::errc::wrong_key, "the ID token is signed with a key nobody published");
    }
    if (auto holds = crypto::verify_jws(world_->crypto(), *jws, key->algorithm, key->spki);
        !holds) {
        return fail(crypto::errc::signature_invalid, "ID token");
    }
    const auto claims = json::parse(jws->claims, nullptr, false);
    if (!claims.is_object() || text_in(claims, "iss") != provider_.issuer) {
        return unfit("the ID token is of another issuer", text_in(claims, "iss"));
    }
    if (!is_for(claims, provider_.client_id)) {
        return unfit("the ID token is for another client");
    }
    const auto ends = time_in(claims, "exp");
    if (!ends || *ends + clock_tolerance <= world_->now()) {
        return unfit("the ID token has expired");
    }
    if (text_in(claims, "nonce") != nonce) {
        return unfit("the ID token answers another sign-in");
    }
    signed_in_user out{.subject = text_in(claims, "sub"),
                       .name = text_in(claims, "preferred_username"),
                       .email = text_in(claims, "email")};
    if (out.subject.empty()) {
        return unfit("the ID token has no subject");
    }
    return out;
}

} // namespace pomona::server
