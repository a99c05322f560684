// Check-in messages, reports, commands and their answers (Apple, "Check-in", "Sending MDM
// commands").
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "summary_parts.hpp"

#include <nlohmann/json.hpp>

namespace pomona::trace {
namespace {

constexpr std::string_view texts[] = {mdm::key::message_type,
                                      mdm::key::udid,
                                      mdm::key::enrollment_id,
                                      mdm::key::user_id,
                                      "EnrollmentUserID",
                                      "UserShortName",
                                      "UserLongName",
                                      mdm::key::topic,
                                      mdm::key::push_magic,
                                      mdm::key::status,
                                      mdm::key::command_uuid,
                                      mdm::key::request_type,
                                      mdm::key::endpoint,
                                      "TokenServiceType",
                                      "DeviceName",
                                      "Model",
                                      "ModelName",
                                      "ProductName",
                                      "SerialNumber",
                                      "OSVersion",
                                      "BuildVersion"};
constexpr std::string_view flags[] = {"AwaitingConfiguration", "NotOnConsole", "NeedSyncResponse"};
constexpr std::string_view secrets[] = {"BootstrapToken", "UnlockToken", "DigestResponse",
                                        "AuthToken", "Challenge"};

/// The first entry of ErrorChain is the top error.
void add_error(fields& to, const plist::dict& report) {
    const auto* chain = report.list(mdm::key::error_chain);
    if (chain == nullptr) {
        return;
    }
    to.set("error_chain_length", static_cast<std::int64_t>(chain->size()));
    if (const auto* top = chain->empty() ? nullptr : chain->front().get<plist::dict>()) {
        take_text(to, *top, "ErrorDomain");
        take_number(to, *top, "ErrorCode");
        take_text(to, *top, "LocalizedDescription");
    }
}

void add_command(fields& to, const plist::dict& message) {
    take_text(to, message, mdm::key::command_uuid);
    const auto* command = message.dictionary(mdm::key::command);
    if (command == nullptr) {
        return;
    }
    take_text(to, *command, mdm::key::request_type);
    take_text(to, *command, "Identifier");
    if (const auto* payload = command->data("Payload")) {
        const auto doc = read_document(*payload);
        if (const auto* profile = doc.dict(); profile != nullptr && is_profile(*profile)) {
            add_profile_identity(to, *profile);
        }
    }
}

/// 403 documents: {code, description, message, details}, as plist or JSON.
void add_error_document(fields& to, const plist::dict& doc) {
    take_text(to, doc, "code");
    take_text(to, doc, "description");
    if (const auto* details = doc.dictionary("details")) {
        take_text(to, *details, "OSVersion");
        take_text(to, *details, "BuildVersion");
    }
}

} // namespace

fields mdm_request(const net::request& what) {
    fields out;
    if (what.body.empty()) {
        out.set("empty", true);
        return out;
    }
    const auto doc = read_document(what.body);
    const auto* message = doc.dict();
    if (message == nullptr) {
        out.set("malformed", true);
        return out;
    }
    for (const auto key : texts) {
        take_text(out, *message, key);
    }
    if (const auto* token = message->data(mdm::key::token)) {
        out.set("Token", clipped(to_hex(*token)));
    }
    for (const auto key : flags) {
        take_flag(out, *message, key);
    }
    for (const auto key : secrets) {
        take_secret(out, *message, key);
    }
    add_error(out, *message);
    if (const auto* data = message->data(mdm::key::data)) {
        const auto inner = read_document(*data);
        if (const auto* report = inner.json(); report != nullptr && report->is_object()) {
            add_status_report(out, *report);
        } else {
            out.set("malformed_data", true);
        }
    }
    return out;
}

fields mdm_response(const net::response& what) {
    fields out;
    if (what.body.empty()) {
        out.set("empty", true);
        return out;
    }
    const auto doc = read_document(what.body);
    if (const auto* d = doc.dict()) {
        add_command(out, *d);
        take_text(out, *d, "DigestChallenge");
        for (const auto* key : {"AuthToken", "BootstrapToken", "TokenData"}) {
            take_secret(out, *d, key);
        }
        add_error_document(out, *d);
    } else if (const auto* j = doc.json(); j != nullptr && j->is_object()) {
        add_ddm_answer(out, *j);
        take_text(out, *j, "code", "code");
        take_text(out, *j, "description", "description");
        if (const auto details = j->find("details"); details != j->end() && details->is_object()) {
            take_text(out, *details, "OSVersion", "OSVersion");
            take_text(out, *details, "BuildVersion", "BuildVersion");
        }
    } else if (what.status == 200) {
        out.set("malformed", true);
    }
    return out;
}

} // namespace pomona::trace
