#include "pomona/protocol/apns/message.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::apns {
namespace {

struct row {
    reason value;
    unsigned status;
    std::string_view text;
};

// Apple, "Handling notification responses from APNs": every row, in the order of the enumeration.
constexpr std::array table{
    row{reason::bad_collapse_id, 400, "BadCollapseId"},
    row{reason::bad_device_token, 400, "BadDeviceToken"},
    row{reason::bad_expiration_date, 400, "BadExpirationDate"},
    row{reason::bad_message_id, 400, "BadMessageId"},
    row{reason::bad_priority, 400, "BadPriority"},
    row{reason::bad_topic, 400, "BadTopic"},
    row{reason::device_token_not_for_topic, 400, "DeviceTokenNotForTopic"},
    row{reason::duplicate_headers, 400, "DuplicateHeaders"},
    row{reason::idle_timeout, 400, "IdleTimeout"},
    row{reason::invalid_push_type, 400, "InvalidPushType"},
    row{reason::missing_device_token, 400, "MissingDeviceToken"},
    row{reason::missing_topic, 400, "MissingTopic"},
    row{reason::payload_empty, 400, "PayloadEmpty"},
    row{reason::topic_disallowed, 400, "TopicDisallowed"},
    row{reason::bad_certificate, 403, "BadCertificate"},
    row{reason::bad_certificate_environment, 403, "BadCertificateEnvironment"},
    row{reason::expired_provider_token, 403, "ExpiredProviderToken"},
    row{reason::forbidden, 403, "Forbidden"},
    row{reason::invalid_provider_token, 403, "InvalidProviderToken"},
    row{reason::missing_provider_token, 403, "MissingProviderToken"},
    row{reason::unrelated_key_id_in_token, 403, "UnrelatedKeyIdInToken"},
    row{reason::bad_environment_key_id_in_token, 403, "BadEnvironmentKeyIdInToken"},
    row{reason::bad_path, 404, "BadPath"},
    row{reason::method_not_allowed, 405, "MethodNotAllowed"},
    row{reason::expired_token, 410, "ExpiredToken"},
    row{reason::unregistered, 410, "Unregistered"},
    row{reason::payload_too_large, 413, "PayloadTooLarge"},
    row{reason::too_many_provider_token_updates, 429, "TooManyProviderTokenUpdates"},
    row{reason::too_many_requests, 429, "TooManyRequests"},
    row{reason::internal_server_error, 500, "InternalServerError"},
    row{reason::service_unavailable, 503, "ServiceUnavailable"},
    row{reason::shutdown, 503, "Shutdown"}};

static_assert(std::ranges::is_sorted(table, {}, &row::value) &&
              table.size() == static_cast<std::size_t>(reason::shutdown) + 1);

constexpr const row& row_of(reason r) {
    return table[static_cast<std::size_t>(r)];
}

/// Bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump(const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Looks for the one key at the top level and keeps nothing else, whatever the depth.
class magic_finder : public nlohmann::json_sax<nlohmann::json> {
  public:
    std::optional<std::string> found;

    bool null() override { return scalar(); }
    bool boolean(bool) override { return scalar(); }
    bool number_integer(number_integer_t) override { return scalar(); }
    bool number_unsigned(number_unsigned_t) override { return scalar(); }
    bool number_float(number_float_t, const string_t&) override { return scalar(); }
    bool binary(binary_t&) override { return scalar(); }
    bool string(string_t& text) override {
        if (std::exchange(is_magic_, false)) {
            found = text;
        }
        return depth_ > 0;
    }
    bool start_object(std::size_t) override { return open(); }
    bool start_array(std::size_t) override { return depth_ > 0 && open(); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        is_magic_ = depth_ == 1 && name == "mdm";
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
        return false;
    }

  private:
    bool scalar() {
        if (std::exchange(is_magic_, false)) {
            found.reset(); // the last of equal keys wins, and it is no string
        }
        return depth_ > 0;
    }
    bool open() {
        scalar();
        ++depth_;
        return true;
    }
    bool close() {
        --depth_;
        return true;
    }

    std::size_t depth_ = 0;
    bool is_magic_ = false;
};

} // namespace

std::string_view to_text(reason r) {
    return row_of(r).text;
}

unsigned status_of(reason r) {
    return row_of(r).status;
}

std::optional<reason> parse_reason(std::string_view text) {
    // Observed: APNs has been seen to write one of its own reasons without the "Id".
    if (text == "BadEnvironmentKeyInToken") {
        return reason::bad_environment_key_id_in_token;
    }
    const auto* found = std::ranges::find(table, text, &row::text);
    return found == table.end() ? std::nullopt : std::optional{found->value};
}

std::string mdm_payload(const push_magic& magic) {
    return dump({{"mdm", magic.value()}});
}

std::optional<push_magic> read_mdm_payload(bytes_view json) {
    magic_finder finder;
    if (!nlohmann::json::sax_parse(json.begin(), json.end(), &finder) || !finder.found) {
        return std::nullopt;
    }
    return push_magic{std::move(*finder.found)};
}

std::string error_body(reason r, std::optional<long long> timestamp_ms) {
    nlohmann::ordered_json body{{"reason", to_text(r)}};
    if (timestamp_ms) {
        body["timestamp"] = *timestamp_ms;
    }
    return dump(body);
}

} // namespace pomona::apns
