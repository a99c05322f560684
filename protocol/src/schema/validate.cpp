#include "pomona/protocol/schema/validate.hpp"

#include "schema/json_values.hpp"
#include "schema/walk.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pomona::schema {
namespace {

using nodes = std::span<const node>;

nodes keys_of(area a, std::string_view name) {
    const auto* e = find(a, name);
    return e == nullptr ? nodes{} : e->root.children();
}

findings unknown_name(std::string_view what, std::string_view name) {
    findings out;
    out.push_back(
        {.what = finding::kind::unknown_name,
         .path = {},
         .detail = std::string{what} + " \"" + std::string{name} + "\" is not known for macOS",
         .release = {}});
    return out;
}

} // namespace

findings validate_command(const plist::dict& command, const context& c) {
    const auto* type = command.string("RequestType");
    const auto* e = type == nullptr ? nullptr : find_command(*type);
    if (e == nullptr) {
        return unknown_name("the request type", type == nullptr ? std::string_view{} : *type);
    }
    findings out;
    walk w{c, notation::plist, out};
    w.is_available(e->root, nullptr);
    static const auto* const inside = find(area::other, "Command")->root.child("Command");
    w.dictionary(e->root.children(), command, nullptr, inside->children());
    return out;
}

findings validate_report(std::string_view request_type, const plist::dict& report,
                         const context& c) {
    static const auto* const envelope = find(area::other, "Report");
    findings out;
    walk w{c, notation::plist, out};
    const auto* status = report.string("Status");
    const auto* e = find_command(request_type);
    if (status != nullptr && *status == "Acknowledged" && e != nullptr) {
        w.dictionary(e->answer(), report, nullptr, envelope->root.children());
    } else {
        w.dictionary(envelope->root.children(), report, nullptr);
    }
    // Apple, "Sending MDM commands": only Idle belongs to no command.
    if (status != nullptr && *status != "Idle" && !report.contains("CommandUUID")) {
        const place here{.up = nullptr, .key = "CommandUUID"};
        w.report(finding::kind::missing, &here, "is required and missing");
    }
    if (status != nullptr && *status == "Error" && !report.contains("ErrorChain")) {
        const place here{.up = nullptr, .key = "ErrorChain"};
        w.report(finding::kind::missing, &here, "is required with Error and missing");
    }
    return out;
}

findings validate_answer(std::string_view request_type, const plist::dict& answer,
                         const context& c) {
    const auto* e = find_command(request_type);
    if (e == nullptr) {
        return unknown_name("the request type", request_type);
    }
    findings out;
    walk{c, notation::plist, out}.dictionary(e->answer(), answer, nullptr);
    return out;
}

findings validate_checkin(const plist::dict& message, const context& c) {
    const auto* type = message.string("MessageType");
    const auto* e = type == nullptr ? nullptr : find(area::checkin, *type);
    if (e == nullptr) {
        return unknown_name("the message type", type == nullptr ? std::string_view{} : *type);
    }
    findings out;
    walk w{c, notation::plist, out};
    w.is_available(e->root, nullptr);
    w.dictionary(e->root.children(), message, nullptr);
    return out;
}

findings validate_checkin_answer(std::string_view message_type, const plist::dict& answer,
                                 const context& c) {
    const auto* e = find(area::checkin, message_type);
    if (e == nullptr) {
        return unknown_name("the message type", message_type);
    }
    findings out;
    walk{c, notation::plist, out}.dictionary(e->answer(), answer, nullptr);
    return out;
}

findings validate_payload(std::string_view type, const plist::dict& payload, const context& c) {
    const auto common = keys_of(area::profile, "CommonPayloadKeys");
    findings best;
    std::ptrdiff_t fewest = -1;
    for (const auto& e : find_all(area::profile, type)) {
        findings out;
        walk w{c, notation::plist, out};
        w.is_available(e.root, nullptr);
        w.dictionary(e.root.children(), payload, nullptr, common);
        // Of several forms of a type: the one that knows most of the keys, then the one that has
        // the fewest problems with them.
        const auto unknown = std::ranges::count(out, finding::kind::unknown_key, &finding::what);
        const auto weight = unknown * 1000 + std::ranges::count_if(out, &finding::is_problem);
        if (fewest < 0 || weight < fewest) {
            fewest = weight;
            best = std::move(out);
        }
    }
    return best;
}

findings validate_declaration(const nlohmann::json& declaration, const context& c) {
    const auto content = to_values(declaration);
    const auto* d = content.get<plist::dict>();
    findings out;
    walk w{c, notation::json, out};
    if (d == nullptr) {
        w.report(finding::kind::type, nullptr, "is not an object");
        return out;
    }
    w.dictionary(keys_of(area::declaration, "any"), *d, nullptr);
    const auto* type = d->string("Type");
    const auto* payload = d->dictionary("Payload");
    if (type == nullptr || payload == nullptr) {
        return out;
    }
    const auto* e = find(area::declaration, *type);
    if (e == nullptr || e->kind == entry_kind::base || e->kind == entry_kind::credential) {
        return unknown_name("the declaration type", *type);
    }
    w.is_available(e->root, nullptr);
    const place inside{.up = nullptr, .key = "Payload"};
    w.dictionary(e->root.children(), *payload, &inside);
    return out;
}

findings validate_declaration_payload(std::string_view type, const nlohmann::json& payload,
                                      const context& c) {
    const auto* e = find(area::declaration, type);
    return e == nullptr ? unknown_name("the declaration type", type)
                        : validate_keys(*e, payload, c);
}

findings validate_status_item(std::string_view name, const nlohmann::json& value,
                              const context& c) {
    const auto* e = find(area::status, name);
    const auto* n = e == nullptr ? nullptr : e->root.child(name);
    if (n == nullptr) {
        return unknown_name("the status item", name);
    }
    findings out;
    walk w{c, notation::json, out};
    const place here{.up = nullptr, .key = name};
    if (w.is_available(e->root, &here)) {
        w.value(*n, to_values(value), &here);
    }
    return out;
}

namespace {

void descend(const nlohmann::json& items, const std::string& above, const context& c,
             findings& out) {
    for (const auto& [key, item] : items.items()) {
        const auto name = above.empty() ? key : above + '.' + key;
        if (const auto* e = find(area::status, name); e != nullptr) {
            auto found = validate_status_item(name, item, c);
            std::ranges::move(found, std::back_inserter(out));
        } else if (item.is_object()) {
            descend(item, name, c, out);
        } else if (out.size() < most_findings) {
            out.push_back({.what = finding::kind::unknown_key,
                           .path = name,
                           .detail = "is not a status item that the schema lists",
                           .release = {}});
        }
    }
}

} // namespace

findings validate_status_items(const nlohmann::json& items, const context& c) {
    findings out;
    if (items.is_object()) {
        descend(items, {}, c, out);
    } else {
        walk{c, notation::json, out}.report(finding::kind::type, nullptr, "is not an object");
    }
    return out;
}

findings validate_keys(const entry& e, const plist::dict& content, const context& c) {
    findings out;
    walk w{c, notation::plist, out};
    w.is_available(e.root, nullptr);
    w.dictionary(e.root.children(), content, nullptr);
    return out;
}

findings validate_keys(const entry& e, const nlohmann::json& content, const context& c) {
    findings out;
    walk w{c, notation::json, out};
    w.is_available(e.root, nullptr);
    const auto values = to_values(content);
    if (const auto* d = values.get<plist::dict>()) {
        w.dictionary(e.root.children(), *d, nullptr);
    } else {
        w.report(finding::kind::type, nullptr, "is not an object");
    }
    return out;
}

} // namespace pomona::schema
