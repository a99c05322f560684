#include "mac/activation.hpp"

#include "mac/ade.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using json = nlohmann::ordered_json;

/// Choice: a record holds a few certificates; more than this is none.
constexpr std::size_t max_record = 1U << 20U;
constexpr std::size_t max_items = 100;

constexpr std::array<std::string_view, 20> panes{"Location",
                                                 "Restore",
                                                 "AppleID",
                                                 "TOS",
                                                 "TermsOfAddress",
                                                 "Diagnostics",
                                                 "Siri",
                                                 "Intelligence",
                                                 "ScreenTime",
                                                 "FileVault",
                                                 "Biometric",
                                                 "Payment",
                                                 "Appearance",
                                                 "Privacy",
                                                 "iCloudDiagnostics",
                                                 "Wallpaper",
                                                 "EnableLockdownMode",
                                                 "iCloudStorage",
                                                 "Accessibility",
                                                 "Welcome"};

bool flag_of(const json& record, const char* key, bool otherwise) {
    const auto found = record.find(key);
    return found == record.end() || !found->is_boolean() ? otherwise : found->get<bool>();
}
std::string text_of(const json& record, const char* key) {
    const auto found = record.find(key);
    return found == record.end() || !found->is_string() ? std::string{} : found->get<std::string>();
}
std::vector<std::string> texts_of(const json& record, const char* key) {
    std::vector<std::string> out;
    if (const auto found = record.find(key); found != record.end() && found->is_array()) {
        for (const auto& item : *found) {
            if (item.is_string() && out.size() < max_items) {
                out.push_back(item.get<std::string>());
            }
        }
    }
    return out;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) {
        out += (out.empty() ? "" : ", ") + word;
    }
    return out;
}

void record_what_was_learned(core& c, const ade_assignment& a, std::uint64_t cause) {
    c.record("activation-record",
             {{"ConfigurationURL", a.url},
              {"ConfigurationWebURL", a.web_url},
              {"AnchorCerts", static_cast<std::int64_t>(a.anchors.size())},
              {"AwaitDeviceConfigured", a.await_device_configured},
              {"IsMandatory", a.mandatory},
              {"IsMDMUnremovable", !a.removable},
              {"IsSupervised", a.supervised},
              {"SkipSetup", joined(a.skipped)},
              {"OrganizationName", a.organization}},
             cause);
}

} // namespace

std::string panes_shown(const std::vector<std::string>& skipped) {
    std::vector<std::string> out;
    for (const auto pane : panes) {
        if (std::ranges::find(skipped, pane) == skipped.end()) {
            out.emplace_back(pane);
        }
    }
    return joined(out);
}

result<ade_assignment> read_activation_record(bytes_view body) {
    const auto wrong = [](const char* why) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    std::string{"activation record: "} + why);
    };
    if (body.size() > max_record) {
        return wrong("too large");
    }
    const auto record = json::parse(body.begin(), body.end(), nullptr, false);
    if (!record.is_object()) {
        return wrong("not a JSON object");
    }
    ade_assignment out;
    out.url = text_of(record, "ConfigurationURL");
    out.web_url = text_of(record, "ConfigurationWebURL");
    if (out.url.empty() && out.web_url.empty()) {
        return wrong("neither ConfigurationURL nor ConfigurationWebURL");
    }
    out.await_device_configured = flag_of(record, "AwaitDeviceConfigured", false);
    // Sheet 4: on macOS it decides whether enrolling may be skipped; absent it is false.
    out.mandatory = flag_of(record, "IsMandatory", false);
    out.removable = !flag_of(record, "IsMDMUnremovable", false);
    out.supervised = flag_of(record, "IsSupervised", false);
    out.skipped = texts_of(record, "SkipSetup");
    out.organization = text_of(record, "OrganizationName");
    for (const auto& text : texts_of(record, "AnchorCerts")) {
        auto der = from_base64(text);
        if (!der) {
            return wrong("AnchorCerts has what is no base64");
        }
        out.anchors.push_back(*std::move(der));
    }
    return out;
}

net::task<std::expected<std::optional<ade_assignment>, step_failure>>
ask_activation(core_ptr self, std::uint64_t& cause) {
    const auto failed = [&cause](std::string why, bool transport = false) {
        return std::unexpected{failed_at("activation", std::move(why), cause, transport)};
    };
    const json question{{"sn", self->hw.serial.value()}, {"action", activation_action}};
    auto body = signed_by_device(*self, as_bytes(question.dump()));
    if (!body) {
        co_return failed(body.error().message());
    }
    if (!self->is_reachable()) {
        co_return failed("the Mac is offline", true);
    }
    net::request post{.method = "POST", .target = {}, .headers = {}, .body = *std::move(body)};
    post.headers = {{"Content-Type", "application/pkcs7-signature"},
                    {"User-Agent", std::string{setup_agent}},
                    {"Accept", "application/json"}};
    const auto& host = *self->env->activation;
    web_client web{self->world(), self->who, self->anonymous(host.trust),
                   self->env->request_timeout};
    auto answer = co_await web.send(host.url, std::move(post), "activation", cause);
    if (!answer) {
        const auto& e = answer.error();
        cause = e.event;
        co_return failed(e.message(), !e.after_send);
    }
    cause = answer->event;
    if (answer->status == 204) {
        self->record("activation-record", {{"assigned", false}}, cause);
        co_return std::optional<ade_assignment>{};
    }
    if (answer->status != 200) {
        co_return failed("HTTP " + std::to_string(answer->status));
    }
    auto record = read_activation_record(answer->body);
    if (!record) {
        co_return failed(record.error().message());
    }
    record_what_was_learned(*self, *record, cause);
    co_return std::optional{*std::move(record)};
}

} // namespace pomona::sim::mac
