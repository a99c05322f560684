// Account-driven enrollment (Apple, "Onboarding users with account sign-in"): from what the user
// types to the enrollment profile.
#include "mac/enrollment.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/ddm/messages.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pomona::sim::mac {
namespace {

/// Observed (F21): who fetches enrollment profiles on a Mac.
constexpr std::string_view agent = "CloudConfiguration-OSX/1.0";
constexpr std::size_t largest_document = std::size_t{64} * 1024;

/// What service discovery says.
struct service {
    std::string mode; ///< EnrollmentMode of the profile to come
    std::string base_url;
};

step_failure stopped(std::string why, std::uint64_t event, bool transport = false) {
    return {.what = {.at = "profile", .reason = std::move(why), .transport = transport},
            .event = event};
}

/// The text under `key` of a JSON object; empty: none.
std::string text_in(const nlohmann::json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// Apple, "Discovering the enrollment service": one server is expected, the first is used.
std::expected<service, step_failure> read_discovery(const net::exchange_result& answer) {
    if (!answer) {
        const auto& e = answer.error();
        return std::unexpected{stopped(e.message(), e.event, !e.after_send)};
    }
    const auto read = ddm::parse_json(answer->body, largest_document, 16);
    const nlohmann::json none;
    const auto& document = read ? **read : none;
    if (answer->status != 200) {
        const auto code = text_in(document, "code");
        return std::unexpected{stopped("service discovery: HTTP " + std::to_string(answer->status) +
                                           (code.empty() ? "" : ", " + escape(code)),
                                       answer->event)};
    }
    const auto servers = document.is_object() ? document.find("Servers") : document.end();
    if (servers == document.end() || !servers->is_array() || servers->empty()) {
        return std::unexpected{stopped("service discovery names no server", answer->event)};
    }
    const auto version = text_in(servers->front(), "Version");
    service out{.mode = version == "mdm-byod"   ? "BYOD"
                        : version == "mdm-adde" ? "ADDE"
                                                : "",
                .base_url = text_in(servers->front(), "BaseURL")};
    if (out.mode.empty() || !out.base_url.starts_with("https://")) {
        return std::unexpected{
            stopped("service discovery names no way to enroll a Mac", answer->event)};
    }
    return out;
}

/// Does the answer ask for the sign-in that this Mac knows?
bool wants_sign_in(const net::response& r) {
    const auto challenge = net::find_header(r.headers, "WWW-Authenticate").value_or("");
    std::string lower{challenge.substr(0, 7)};
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    // Observed: parameters with commas, or with blanks only, between them.
    return r.status == 401 && lower == "bearer " &&
           challenge.find("method=\"apple-as-web\"") != std::string_view::npos &&
           challenge.find("url=\"https://") != std::string_view::npos;
}

/// The plist of the request, signed. Apple signs with the identity that is built in; derived: here
/// with a certificate of the Mac's own key, as no such identity is to be had. No UDID and no serial
/// number (ENR-107).
result<bytes> machine_info(const core& c) {
    const auto& kind = c.hw.kind;
    const auto body = plist::to_xml(plist::dict{{"LANGUAGE", "en"},
                                                {"PRODUCT", kind.model},
                                                {"VERSION", kind.build_version},
                                                {"OS_VERSION", kind.os_version}});
    const auto now = c.now();
    crypto::certificate_spec spec;
    spec.subject = {{"CN", "Pomona device identity"}};
    spec.serial = c.world().crypto().random(8);
    spec.serial[0] = static_cast<std::uint8_t>((spec.serial[0] & 0x7f) | 0x40);
    spec.not_before = now - std::chrono::hours{1};
    spec.not_after = now + std::chrono::hours{24};
    spec.usage = {.digital_signature = true};
    auto cert = crypto::self_sign(spec, c.key);
    if (!cert) {
        return std::unexpected{std::move(cert.error())};
    }
    return crypto::sign_attached(body, {.cert = *std::move(cert), .key = c.key, .chain = {}}, now);
}

net::request post_of(bytes body, std::string_view bearer) {
    net::request out;
    out.method = "POST";
    out.headers = {{"Content-Type", "application/pkcs7-signature"},
                   {"User-Agent", std::string{agent}},
                   {"Accept", "*/*"}};
    if (!bearer.empty()) {
        out.headers.push_back({"Authorization", "Bearer " + std::string{bearer}});
    }
    out.body = std::move(body);
    return out;
}

/// ENR-109: the domain is what stands after the last '@'. Empty: not of the form user@domain.
std::string discovery_url(const account_enrollment& what) {
    const auto at = what.identifier.rfind('@');
    if (at == std::string::npos || at == 0 || at + 1 == what.identifier.size()) {
        return {};
    }
    auto base =
        what.discovery.empty() ? "https://" + what.identifier.substr(at + 1) : what.discovery;
    return base + "/.well-known/com.apple.remotemanagement?user-identifier=" +
           percent_encode(what.identifier) + "&model-family=Mac";
}

} // namespace

net::task<enroll_result> enroll_account_driven(core_ptr self, account_enrollment what) {
    const auto where = discovery_url(what);
    if (where.empty()) {
        co_return refuse(*self, stopped("the account is not of the form user@domain", 0));
    }
    if (!self->is_reachable()) {
        co_return refuse(*self, stopped("the Mac is offline", 0, true));
    }
    web_client web{self->world(), self->who, self->anonymous(self->env->system_trust),
                   self->env->request_timeout};
    net::request get;
    get.headers = {{"User-Agent", std::string{agent}}, {"Accept", "*/*"}};
    // A redirect is followed as it is: the query is not added again (ENR-109).
    auto found = co_await web.send(where, std::move(get), "enroll", 0);
    const auto found_event = found ? found->event : found.error().event;
    auto offered = read_discovery(found);
    if (!offered) {
        co_return refuse(*self, std::move(offered.error()));
    }
    const auto info = machine_info(*self);
    if (!info) {
        co_return refuse(*self, stopped(info.error().message(), found_event));
    }
    auto asked = co_await web.send(offered->base_url, post_of(*info, {}), "enroll", found_event);
    if (!asked) {
        co_return refuse(*self, stopped(asked.error().message(), asked.error().event,
                                        !asked.error().after_send));
    }
    if (!wants_sign_in(*asked)) {
        co_return refuse(*self, stopped("HTTP " + std::to_string(asked->status) +
                                            " without a sign-in that this Mac knows",
                                        asked->event));
    }
    if (what.access_token.empty()) {
        co_return refuse(*self, stopped("nobody signed in", asked->event));
    }
    auto given = co_await web.send(offered->base_url, post_of(*info, what.access_token), "enroll",
                                   asked->event);
    const auto given_event = given ? given->event : given.error().event;
    auto profile = profile_of(std::move(given));
    if (!profile) {
        co_return refuse(*self, std::move(profile.error()));
    }
    provenance from{.mode = std::move(offered->mode), .bearer = std::move(what.access_token)};
    co_return co_await enroll_with(self, *std::move(profile), given_event, std::move(from));
}

} // namespace pomona::sim::mac
