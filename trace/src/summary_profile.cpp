// Getting a profile: MachineInfo out, the profile and its MDM and SCEP payloads back.
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/profile/profile.hpp"
#include "summary_parts.hpp"

#include <nlohmann/json.hpp>

namespace pomona::trace {
namespace {

/// A header's value; real ones have about 4 KB.
constexpr std::size_t max_device_info = 64U << 10U;

void add_machine_info(fields& to, const plist::dict& info) {
    for (const auto* key :
         {"UDID", "SERIAL", "PRODUCT", "VERSION", "OS_VERSION", "SUPPLEMENTAL_BUILD_VERSION",
          "LANGUAGE", "SOFTWARE_UPDATE_DEVICE_ID"}) {
        take_text(to, info, key);
    }
    take_flag(to, info, "MDM_CAN_REQUEST_SOFTWARE_UPDATE");
    take_secret(to, info, "CHALLENGE");
}

void add_mdm_payload(fields& to, const plist::dict& payload) {
    for (const auto* key : {"Topic", "ServerURL", "CheckInURL", "IdentityCertificateUUID",
                            "AssignedManagedAppleID", "EnrollmentMode"}) {
        take_text(to, payload, key);
    }
    for (const auto* key : {"SignMessage", "CheckOutWhenRemoved", "UseDevelopmentAPNS"}) {
        take_flag(to, payload, key);
    }
    take_number(to, payload, "AccessRights");
    if (const auto* list = payload.list("ServerCapabilities")) {
        std::vector<std::string> names;
        for (const auto& item : *list) {
            const auto* text = item.get<std::string>();
            if (text != nullptr && names.size() < max_list_items) {
                names.push_back(clipped(*text));
            }
        }
        to.set("ServerCapabilities", std::move(names));
    }
}

void add_scep_payload(fields& to, const plist::dict& payload) {
    const auto* content = payload.dictionary("PayloadContent");
    if (content == nullptr) {
        return;
    }
    if (const auto* url = content->string("URL")) {
        to.set("SCEPURL", clipped(*url));
    }
    take_number(to, *content, "Keysize");
    take_text(to, *content, "Key Type");
    take_number(to, *content, "Key Usage");
    take_secret(to, *content, "Challenge");
}

/// Payloads are found by type, never by place. PayloadContent of a profile; a dictionary in OTA
/// phase 1.
std::vector<const plist::dict*> payloads_of(const plist::dict& profile) {
    std::vector<const plist::dict*> out;
    if (const auto* list = profile.list("PayloadContent")) {
        for (const auto& item : *list) {
            if (const auto* payload = item.get<plist::dict>()) {
                out.push_back(payload);
            }
        }
    } else if (const auto* one = profile.dictionary("PayloadContent")) {
        out.push_back(one);
    }
    return out;
}

void add_json_answer(fields& to, const nlohmann::json& answer) {
    if (!answer.is_object()) {
        return;
    }
    take_text(to, answer, "code", "code");
    take_text(to, answer, "error", "error");
    take_text(to, answer, "token_type", "token_type");
    const auto servers = answer.find("Servers");
    if (servers != answer.end() && servers->is_array() && !servers->empty() &&
        servers->front().is_object()) {
        take_text(to, servers->front(), "Version", "Version");
        take_text(to, servers->front(), "BaseURL", "BaseURL");
    }
    if (const auto details = answer.find("details");
        details != answer.end() && details->is_object()) {
        take_text(to, *details, "OSVersion", "OSVersion");
    }
}

} // namespace

bool is_profile(const plist::dict& d) {
    return d.contains("PayloadType") && d.contains("PayloadContent");
}

void add_profile_identity(fields& to, const plist::dict& profile) {
    take_text(to, profile, "PayloadIdentifier");
    take_text(to, profile, "PayloadUUID");
    std::vector<std::string> types;
    for (const auto* payload : payloads_of(profile)) {
        if (const auto* type = payload->string("PayloadType");
            type != nullptr && types.size() < max_list_items) {
            types.push_back(clipped(*type));
        }
    }
    to.set("payload_types", std::move(types));
}

fields enroll_request(const net::request& what) {
    fields out;
    const auto doc = read_document(what.body);
    if (const auto* info = doc.dict()) {
        add_machine_info(out, *info);
    } else if (const auto header = net::find_header(what.headers, "x-apple-aspen-deviceinfo");
               header && header->size() <= max_device_info) {
        if (const auto cms = from_base64_liberal(*header)) {
            const auto inner = read_document(*cms);
            if (const auto* from_header = inner.dict()) {
                add_machine_info(out, *from_header);
            }
        }
    }
    return out;
}

fields enroll_response(const net::response& what) {
    fields out;
    const auto doc = read_document(what.body);
    if (const auto* j = doc.json()) {
        add_json_answer(out, *j);
        return out;
    }
    const auto* d = doc.dict();
    if (d == nullptr) {
        return out;
    }
    if (!is_profile(*d)) {
        take_text(out, *d, "code");
        return out;
    }
    add_profile_identity(out, *d);
    take_text(out, *d, "PayloadType");
    for (const auto* payload : payloads_of(*d)) {
        const auto* type = payload->string("PayloadType");
        if (type != nullptr && *type == profile::mdm_type) {
            add_mdm_payload(out, *payload);
        } else if (type != nullptr && *type == profile::scep_type) {
            add_scep_payload(out, *payload);
        }
    }
    return out;
}

} // namespace pomona::trace
