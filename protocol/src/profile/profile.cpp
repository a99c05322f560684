// The profile itself: the wrapper, its signature, and the keys common to all payloads.
#include "pomona/protocol/profile/profile.hpp"

#include "keys.hpp"

#include <algorithm>
#include <unordered_set>

namespace pomona::profile {
namespace {

constexpr std::string_view type_key = "PayloadType";
constexpr std::string_view version_key = "PayloadVersion";
constexpr std::string_view identifier_key = "PayloadIdentifier";
constexpr std::string_view uuid_key = "PayloadUUID";
constexpr std::string_view display_name_key = "PayloadDisplayName";
constexpr std::string_view organization_key = "PayloadOrganization";
constexpr std::string_view description_key = "PayloadDescription";
constexpr std::string_view content_key = "PayloadContent";
constexpr std::string_view removal_disallowed_key = "PayloadRemovalDisallowed";
constexpr std::string_view configuration_type = "Configuration";

/// The keys that a profile and a payload share.
template <class T>
void read_common(keys& k, T& out) {
    out.identifier = k.text(identifier_key);
    out.uuid = k.text(uuid_key);
    out.version = k.integer(version_key);
    out.display_name = k.text_or(display_name_key);
    out.organization = k.text_or(organization_key);
    out.description = k.text_or(description_key);
}

template <class T>
void write_common(plist::dict& d, std::string_view type, const T& from) {
    d.set(type_key, type);
    d.set(version_key, from.version);
    d.set(identifier_key, from.identifier);
    d.set(uuid_key, from.uuid);
    const auto set_text = [&d](std::string_view key, const std::string& text) {
        if (!text.empty()) {
            d.set(key, text);
        }
    };
    set_text(display_name_key, from.display_name);
    set_text(organization_key, from.organization);
    set_text(description_key, from.description);
}

result<payload> read_payload(const plist::value& item) {
    const auto* d = item.get<plist::dict>();
    if (!d) {
        return fail(errc::wrong_type, "PayloadContent holds a " + std::string{item.type_name()} +
                                          " instead of a payload");
    }
    const auto* type = d->string(type_key);
    keys k{*d, type ? "payload " + *type : "payload"};
    payload out;
    out.type = k.text(type_key);
    read_common(k, out);
    if (auto read = k.outcome(); !read) {
        return std::unexpected(read.error());
    }
    out.content = *d;
    return out;
}

result<void> read_payloads(profile& out, const plist::array& content) {
    std::unordered_set<std::string> uuids;
    for (const auto& item : content) {
        auto read = read_payload(item);
        if (!read) {
            return std::unexpected(std::move(read.error()));
        }
        if (!uuids.insert(read->uuid).second) {
            return fail(errc::duplicate_uuid, {}, read->uuid);
        }
        out.payloads.push_back(std::move(*read));
    }
    return {};
}

result<profile> read_profile(const plist::dict& d) {
    keys k{d, "profile"};
    const auto type = k.text(type_key);
    if (!type.empty() && type != configuration_type) {
        return fail(errc::unsupported_value, "PayloadType is not Configuration", type);
    }
    profile out;
    read_common(k, out);
    out.removal_disallowed = k.flag(removal_disallowed_key);
    // Apple, "Top Level": EncryptedPayloadContent stands in place of PayloadContent.
    const bool encrypted = k.flag("IsEncrypted") || d.contains("EncryptedPayloadContent");
    const auto content = k.list_or_empty(content_key);
    if (auto read = k.outcome(); !read) {
        return std::unexpected(read.error());
    }
    if (encrypted) {
        return fail(errc::encrypted);
    }
    if (auto read = read_payloads(out, content); !read) {
        return std::unexpected(std::move(read.error()));
    }
    return out;
}

} // namespace

std::vector<const payload*> profile::of_type(std::string_view type) const {
    std::vector<const payload*> out;
    for (const auto& p : payloads) {
        if (p.type == type) {
            out.push_back(&p);
        }
    }
    return out;
}

const payload* profile::by_uuid(std::string_view payload_uuid) const {
    const auto found = std::ranges::find(payloads, payload_uuid, &payload::uuid);
    return found == payloads.end() ? nullptr : &*found;
}

result<profile> parse(const crypto::context& ctx, bytes_view data) {
    std::optional<crypto::verified> opened;
    if (crypto::looks_like_cms(data)) {
        // The size of the profile is bounded before OpenSSL copies it around.
        if (data.size() > plist::limits{}.max_bytes) {
            return fail(errc::malformed, "signed profile is too large");
        }
        auto verified = crypto::verify_attached(ctx, data);
        if (!verified) {
            return fail(errc::bad_signature, verified.error().message());
        }
        opened = std::move(*verified);
    }
    const auto d = plist::parse_dict(opened ? bytes_view{opened->content} : data);
    if (!d) {
        return fail(errc::malformed, d.error().message());
    }
    auto out = read_profile(*d);
    if (out && opened) {
        out->is_signed = true;
        out->signer = std::move(opened->signer);
        out->signer_chain = std::move(opened->certificates);
    }
    return out;
}

bytes write(const profile& p) {
    plist::array content;
    for (const auto& item : p.payloads) {
        plist::dict d = item.content;
        write_common(d, item.type, item);
        content.emplace_back(std::move(d));
    }
    plist::dict d;
    write_common(d, configuration_type, p);
    if (p.removal_disallowed) {
        d.set(removal_disallowed_key, true);
    }
    d.set(content_key, std::move(content));
    return plist::to_xml(std::move(d));
}

} // namespace pomona::profile
