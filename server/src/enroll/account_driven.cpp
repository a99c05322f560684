#include "enroll/account_driven.hpp"

#include "answers.hpp"
#include "enroll/enrollment_profile.hpp"
#include "handlers.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server {
namespace {

using nlohmann::json;

constexpr std::string_view root = "/account-driven/";

/// ENR-053: who has no token is told where to get one.
net::response sign_in_first(const service& s) {
    auto out = plain_answer(401, "sign in first");
    out.headers.push_back({"WWW-Authenticate", "Bearer method=\"apple-as-web\", url=\"" +
                                                   s.base_url + "/authenticate\""});
    return out;
}

/// ENR-052.
net::response not_for_you() {
    return json_answer(403, R"({"code":"com.apple.well-known.failed",)"
                            R"("description":"this account is not enrolled here",)"
                            R"("message":"Ask your administrator about this account."})");
}

} // namespace

std::string_view to_text(account_mode m) {
    return m == account_mode::byod ? "BYOD" : "ADDE";
}
std::string_view to_version(account_mode m) {
    return m == account_mode::byod ? "mdm-byod" : "mdm-adde";
}
std::string_view to_path(account_mode m) {
    return m == account_mode::byod ? "byod" : "adde";
}
std::optional<account_mode> mode_of_path(std::string_view path) {
    return path == "byod"   ? std::optional{account_mode::byod}
           : path == "adde" ? std::optional{account_mode::adde}
                            : std::nullopt;
}

bool accounts::put(account a) {
    if (all_.size() >= most && !all_.contains(a.identifier)) {
        return false;
    }
    auto name = a.identifier;
    all_.insert_or_assign(std::move(name), std::move(a));
    return true;
}

const accounts::account* accounts::find(std::string_view identifier) const {
    const auto found = all_.find(identifier);
    return found == all_.end() ? nullptr : &found->second;
}

const accounts::account* accounts::of_authorization(std::string_view header) const {
    constexpr std::string_view scheme = "Bearer ";
    if (!header.starts_with(scheme)) {
        return nullptr;
    }
    const auto token = header.substr(scheme.size());
    for (const auto& [name, one] : all_) {
        if (crypto::equal_constant_time(as_bytes(one.token), as_bytes(token))) {
            return &one;
        }
    }
    return nullptr;
}

// ENR-050: which way the account enrolls, and where.
net::task<net::response> answer_well_known(service_ptr s, net::incoming in) {
    if (in.what.method != "GET") {
        co_return wrong_method("GET");
    }
    const auto who = net::query_parameter(in.what.target, "user-identifier");
    const auto* known = who ? s->accounts.find(*who) : nullptr;
    if (known == nullptr) {
        co_return not_for_you();
    }
    const json server{
        {"Version", to_version(known->mode)},
        {"BaseURL", s->base_url + std::string{root} + std::string{to_path(known->mode)}}};
    co_return json_answer(200, json{{"Servers", json::array({server})}}.dump());
}

net::task<net::response> answer_account_driven(service_ptr s, net::incoming in) {
    const auto path = net::path_of(in.what.target);
    const auto mode = mode_of_path(path.substr(std::min(root.size(), path.size())));
    if (!mode) {
        co_return plain_answer(404, "there is nothing here");
    }
    if (in.what.method != "POST") {
        co_return wrong_method("POST");
    }
    // Derived: the built-in identity of a Mac is not known here, but its message has to hold.
    if (!crypto::verify_attached(s->world.crypto(), in.what.body)) {
        co_return plain_answer(400, "this is no signed message of a device");
    }
    const auto* who = s->accounts.of_authorization(
        net::find_header(in.what.headers, "Authorization").value_or(""));
    if (who == nullptr || who->mode != *mode) { // ENR-053, ENR-057
        co_return sign_in_first(*s);
    }
    co_return co_await give_profile(
        s, {.mode = std::string{to_text(who->mode)}, .managed_account = who->identifier});
}

net::response finish_account_sign_in(service& /*unused*/, const waiting_sign_in& /*unused*/,
                                     const signed_in_user& /*unused*/) {
    return plain_answer(404, "there is nothing here");
}

} // namespace pomona::server
