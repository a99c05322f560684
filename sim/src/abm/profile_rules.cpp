#include "abm/profile_rules.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/net/http.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::sim::abm {
namespace {

using json = nlohmann::ordered_json;

/// A text that may be absent, but neither empty nor longer than `most` UTF-8 characters.
struct text_rule {
    const char* key;
    std::size_t most;
    dep_error invalid;
};
constexpr std::array<text_rule, 4> optional_texts{{
    {"department", 125, errors::department_invalid},
    {"support_phone_number", 50, errors::support_phone_invalid},
    {"support_email_address", 250, errors::support_email_invalid},
    {"org_magic", 256, errors::magic_invalid},
}};
constexpr std::size_t max_name = 125;
constexpr std::size_t max_url = 2000; ///< URL-encoded characters

std::size_t characters(const std::string& utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool is_text(const json& profile, const char* key, std::size_t most) {
    const auto found = profile.find(key);
    if (found == profile.end() || !found->is_string()) {
        return false;
    }
    const auto& text = found->get_ref<const std::string&>();
    return !text.empty() && characters(text) <= most;
}

/// Bytes outside of ASCII count as they would be sent: %XX.
std::size_t encoded_length(const std::string& url) {
    std::size_t out = 0;
    for (const char c : url) {
        out += static_cast<unsigned char>(c) > 0x7e || c == ' ' ? 3 : 1;
    }
    return out;
}

bool is_url(const json& profile, const char* key) {
    const auto found = profile.find(key);
    if (found == profile.end() || !found->is_string()) {
        return false;
    }
    const auto& text = found->get_ref<const std::string&>();
    return encoded_length(text) <= max_url && net::parse_url(text).has_value();
}

bool flag(const json& profile, const char* key, bool otherwise) {
    const auto found = profile.find(key);
    return found == profile.end() || !found->is_boolean() ? otherwise : found->get<bool>();
}

/// ISO 639 of two or three letters, ISO 3166-1 of two. Choice: the form is judged, not the list.
bool is_code(const json& profile, const char* key, std::size_t least, std::size_t most) {
    const auto found = profile.find(key);
    if (found == profile.end()) {
        return true;
    }
    if (!found->is_string()) {
        return false;
    }
    const auto& text = found->get_ref<const std::string&>();
    return text.size() >= least && text.size() <= most && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           });
}

} // namespace

std::optional<dep_error> judge_profile(const json& profile) {
    if (!profile.contains("profile_name")) {
        return errors::config_name_required;
    }
    if (!is_text(profile, "profile_name", max_name)) {
        return errors::config_name_invalid;
    }
    if (!profile.contains("url")) {
        return errors::config_url_required;
    }
    if (!is_url(profile, "url") ||
        (profile.contains("configuration_web_url") && !is_url(profile, "configuration_web_url"))) {
        return errors::config_url_invalid;
    }
    for (const auto& rule : optional_texts) {
        if (profile.contains(rule.key) && !is_text(profile, rule.key, rule.most)) {
            return rule.invalid;
        }
    }
    if (!flag(profile, "is_mdm_removable", true) && !flag(profile, "is_supervised", false)) {
        return errors::flags_invalid;
    }
    if (!is_code(profile, "language", 2, 3) || !is_code(profile, "region", 2, 2)) {
        return errors::locale_invalid;
    }
    return std::nullopt;
}

} // namespace pomona::sim::abm
