// Status items that tell of applied configurations (schema declarative/status, section account,
// security, services, screensharing).
#include "mac/ddm/in_effect.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/certificate.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

struct sources {
    const std::vector<declaration_ptr>& applied;
    const declaration_set& all;
    const document_store& documents;
    const crypto::context& crypto;
};

void copy(json& to, const char* key, const json& from, const char* name) {
    const auto found = from.is_object() ? from.find(name) : from.end();
    if (found != from.end() && !found->is_null()) {
        to[key] = *found;
    }
}

const held_declaration* asset(const sources& s, const json& payload, const char* reference) {
    const auto found = payload.find(reference);
    return found != payload.end() && found->is_string()
               ? s.all.find(ddm::kind::asset, found->get_ref<const std::string&>())
               : nullptr;
}

/// Of the credential that `payload` names, or of the user identity.
void set_user_name(const sources& s, const json& payload, json& account) {
    if (const auto* who = asset(s, payload, "AuthenticationCredentialsAssetReference")) {
        if (const auto* document = s.documents.find(*who)) {
            copy(account, "username", credential_of(*document), "UserName");
        }
    } else if (const auto* user = asset(s, payload, "UserIdentityAssetReference")) {
        copy(account, "username", user->payload, "EmailAddress");
    }
}

/// An account type: the item's last part, and what it says beside names, host and port.
struct account_item {
    std::string_view item, type;
    std::array<const char*, 5> enabled; ///< null: no more
};
constexpr std::array<account_item, 8> account_items{{
    {"account.list.caldav",
     "configuration.account.caldav",
     {"are-calendars-enabled", "are-reminders-enabled"}},
    {"account.list.carddav", "configuration.account.carddav", {}},
    {"account.list.exchange",
     "configuration.account.exchange",
     {"is-mail-enabled", "are-calendars-enabled", "are-contacts-enabled", "are-notes-enabled",
      "are-reminders-enabled"}},
    {"account.list.google",
     "configuration.account.google",
     {"is-mail-enabled", "are-calendars-enabled", "are-contacts-enabled", "are-notes-enabled"}},
    {"account.list.ldap", "configuration.account.ldap", {"is-enabled"}},
    {"account.list.mail.incoming",
     "configuration.account.mail",
     {"is-mail-enabled", "are-notes-enabled"}},
    {"account.list.mail.outgoing", "configuration.account.mail", {}},
    {"account.list.subscribed-calendar",
     "configuration.account.subscribed-calendar",
     {"is-enabled"}},
}};
/// Where exchange says which services are on.
constexpr std::array<std::array<const char*, 2>, 5> services{
    {{"is-mail-enabled", "MailServiceActive"},
     {"are-calendars-enabled", "CalendarServiceActive"},
     {"are-contacts-enabled", "ContactsServiceActive"},
     {"are-notes-enabled", "NotesServiceActive"},
     {"are-reminders-enabled", "RemindersServiceActive"}}};

json account_of(const sources& s, const held_declaration& d, const account_item& kind) {
    // Choice: an account has the identifier of its declaration.
    json out{{"identifier", d.identifier}, {"declaration-identifier", d.identifier}};
    copy(out, "visible-name", d.payload, "VisibleName");
    const auto* where = &d.payload;
    if (kind.item == "account.list.mail.incoming") {
        where = &d.payload["IncomingServer"];
    } else if (kind.item == "account.list.mail.outgoing") {
        where = &d.payload["OutgoingServer"];
    }
    copy(out, "hostname", *where, "HostName");
    copy(out, "port", *where, "Port");
    copy(out, "calendar-url", *where, "CalendarURL");
    set_user_name(s, *where, out);
    if (where != &d.payload && !out.contains("username")) {
        set_user_name(s, d.payload, out);
    }
    for (const auto* key : kind.enabled) {
        if (key == nullptr) {
            break;
        }
        out[key] = true;
        const auto* service =
            std::ranges::find(services, std::string_view{key},
                              [](const auto& one) { return std::string_view{one[0]}; });
        if (service != services.end()) {
            copy(out, key, d.payload, (*service)[1]);
        }
    }
    return out;
}

json certificates(const sources& s) {
    auto out = json::array();
    for (const auto& d : s.applied) {
        if (!d->is("configuration.security.certificate")) {
            continue;
        }
        const auto* from = asset(s, d->payload, "CredentialAssetReference");
        const auto* document = from == nullptr ? nullptr : s.documents.find(*from);
        if (document == nullptr || !document->content) {
            continue;
        }
        // Media types application/pkcs1 and application/pem.
        auto cert = crypto::certificate::from_der(s.crypto, *document->content);
        if (!cert) {
            auto chain = crypto::certificate::from_pem(s.crypto, *document->content);
            if (!chain) {
                continue;
            }
            cert = chain->front();
        }
        out.push_back({{"identifier", d->identifier},
                       {"declaration-identifier", d->identifier},
                       {"subject-summary", cert->subject_part("CN").value_or("")},
                       {"is-identity", false},
                       {"data", to_base64(cert->der())}});
    }
    return out;
}

/// One launchd configuration of a background-tasks declaration; null when its file is none.
json task_of(const sources& s, const held_declaration& d, const json& launchd) {
    const auto* file = asset(s, launchd, "FileAssetReference");
    const auto* document = file == nullptr ? nullptr : s.documents.find(*file);
    const auto read = document != nullptr && document->content
                          ? plist::parse_dict(*document->content)
                          : result<plist::dict>{fail(ddm::errc::malformed)};
    const auto* label = read ? read->string("Label") : nullptr;
    if (label == nullptr) {
        return nullptr;
    }
    auto arguments = json::array();
    if (const auto* list = read->list("ProgramArguments")) {
        for (const auto& one : *list) {
            if (const auto* text = one.get<std::string>()) {
                arguments.push_back(*text);
            }
        }
    }
    const auto* program = read->string("Program");
    const std::string path = program != nullptr   ? *program
                             : !arguments.empty() ? arguments.front().get<std::string>()
                                                  : std::string{};
    const bool daemon = launchd.value("Context", "") == "daemon";
    return {{"identifier", *label},
            {"uid", daemon ? 0 : 501},
            {"path", path},
            {"state", "enabled"},
            {"type", daemon ? "daemon" : "agent"},
            {"launchd",
             {{"label", *label},
              {"program", path},
              {"program-arguments", std::move(arguments)},
              {"checksum", to_hex(crypto::sha256(*document->content))},
              {"device-management",
               {{"configuration-identifier", d.identifier},
                {"asset-identifier", file->identifier},
                {"asset-server-token", file->server_token}}}}}};
}

json background_tasks(const sources& s) {
    auto out = json::array();
    for (const auto& d : s.applied) {
        if (!d->is("configuration.services.background-tasks")) {
            continue;
        }
        for (const auto& one : d->payload.value("LaunchdConfigurations", json::array())) {
            if (auto task = task_of(s, *d, one); !task.is_null()) {
                out.push_back(std::move(task));
            }
        }
    }
    return out;
}

json unresolved_connections(const sources& s) {
    std::vector<std::string> known;
    for (const auto& d : s.applied) {
        if (d->is("configuration.screensharing.connection")) {
            known.push_back(d->payload.value("ConnectionUUID", ""));
        }
    }
    auto out = json::array();
    for (const auto& d : s.applied) {
        if (!d->is("configuration.screensharing.connection.group")) {
            continue;
        }
        auto missing = json::array();
        for (const auto& member : d->payload.value("Members", json::array())) {
            if (std::ranges::find(known, member.get<std::string>()) == known.end()) {
                missing.push_back(member);
            }
        }
        if (!missing.empty()) {
            out.push_back({{"identifier", d->payload.value("ConnectionGroupUUID", "")},
                           {"unresolved_connections", std::move(missing)}}); // so spelt there
        }
    }
    return out;
}

} // namespace

std::optional<json> in_effect::status(std::string_view item, const declaration_set& all,
                                      const document_store& documents,
                                      const crypto::context& crypto) const {
    const sources s{applied_, all, documents, crypto};
    const auto* kind = std::ranges::find(account_items, item, &account_item::item);
    if (kind != account_items.end()) {
        auto out = json::array();
        for (const auto& d : applied_) {
            if (d->is(kind->type)) {
                out.push_back(account_of(s, *d, *kind));
            }
        }
        return out;
    }
    if (item == "security.certificate.list") {
        return certificates(s);
    }
    if (item == "services.background-task") {
        return background_tasks(s);
    }
    if (item == "screensharing.connection.group.unresolved-connection") {
        return unresolved_connections(s);
    }
    return std::nullopt;
}

} // namespace pomona::sim::mac
