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
constexpr std::string_view scope_key = "PayloadScope";
constexpr std::string_view removal_date_key = "RemovalDate";
constexpr std::string_view removal_after_key = "DurationUntilRemoval";
constexpr std::string_view target_key = "TargetDeviceType";
constexpr std::string_view encrypted_key = "EncryptedPayloadContent";
/// Choice: a hundred years, which the clock's arithmetic can take.
constexpr double longest_stay_seconds = 100.0 * 366 * 24 * 3600;

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
        return fail(errc::wrong_type, std::string{in_payload} + "expected in PayloadContent, not " +
                                          std::string{item.type_name()});
    }
    const auto* type = d->string(type_key);
    keys k{*d, std::string{in_payload} + (type ? *type : "without PayloadType")};
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

/// Schema TopLevel: what the profile says of itself beside its names.
void read_wrapper(keys& k, const plist::dict& d, profile& out) {
    out.removal_disallowed = k.flag(removal_disallowed_key);
    const auto scope = k.text_or(scope_key);
    if (scope == "System" || scope == "User") {
        out.scope = scope == "User" ? profile_scope::user : profile_scope::system;
    } else if (!scope.empty()) {
        k.note(errc::unsupported_value, "PayloadScope is neither System nor User");
    }
    if (const auto* date = d.find(removal_date_key)) {
        const auto* at = date->get<time_point>();
        if (at == nullptr) {
            k.note(errc::wrong_type, "RemovalDate is no date");
        } else {
            out.removal_date = *at;
        }
    }
    if (const auto* number = d.find(removal_after_key)) {
        const auto* real = number->get<double>();
        const auto* whole = number->get<std::int64_t>();
        const auto seconds = real != nullptr    ? *real
                             : whole != nullptr ? static_cast<double>(*whole)
                                                : -1.0;
        if (real == nullptr && whole == nullptr) {
            k.note(errc::wrong_type, "DurationUntilRemoval is no number");
        } else if (!(seconds >= 0 && seconds <= longest_stay_seconds)) {
            k.note(errc::unsupported_value, "DurationUntilRemoval is out of bounds");
        } else {
            out.duration_until_removal =
                std::chrono::duration_cast<duration>(std::chrono::duration<double>{seconds});
        }
    }
    out.target_device_type = k.integer_or(target_key, 0);
}

/// The payloads that stand encrypted in place of PayloadContent: the array, or a profile with it.
result<plist::array> decrypt_payloads(const crypto::context& ctx, const plist::dict& d,
                                      const crypto::identity* own) {
    if (own == nullptr) {
        return fail(errc::encrypted);
    }
    const auto* sealed = d.data(encrypted_key);
    if (sealed == nullptr) {
        return fail(d.contains(encrypted_key) ? errc::wrong_type : errc::missing_key,
                    std::string{encrypted_key});
    }
    const auto opened = crypto::open_enveloped(ctx, *sealed, *own);
    const auto read = opened ? plist::parse(*opened) : std::unexpected{opened.error()};
    if (!read) {
        return fail(errc::decrypt_failed, read.error().message());
    }
    if (const auto* list = read->get<plist::array>()) {
        return *list;
    }
    const auto* inner = read->get<plist::dict>();
    const auto* list = inner != nullptr ? inner->list(content_key) : nullptr;
    if (list == nullptr) {
        return fail(errc::decrypt_failed, "what was encrypted is no array of payloads");
    }
    return *list;
}

result<profile> read_profile(const crypto::context& ctx, const plist::dict& d,
                             const crypto::identity* own) {
    keys k{d, "profile"};
    const auto type = k.text(type_key);
    if (!type.empty() && type != configuration_type) {
        return fail(errc::unsupported_value, "PayloadType is not Configuration", type);
    }
    profile out;
    read_common(k, out);
    read_wrapper(k, d, out);
    // Apple, "Top Level": EncryptedPayloadContent stands in place of PayloadContent.
    out.is_encrypted = k.flag("IsEncrypted") || d.contains(encrypted_key);
    auto content = k.list_or_empty(content_key);
    if (auto read = k.outcome(); !read) {
        return std::unexpected(read.error());
    }
    if (out.is_encrypted) {
        auto decrypted = decrypt_payloads(ctx, d, own);
        if (!decrypted) {
            return std::unexpected(std::move(decrypted.error()));
        }
        content = *std::move(decrypted);
    }
    if (auto read = read_payloads(out, content); !read) {
        return std::unexpected(std::move(read.error()));
    }
    return out;
}

/// Everything but the payloads.
plist::dict write_wrapper(const profile& p) {
    plist::dict d;
    write_common(d, configuration_type, p);
    if (p.removal_disallowed) {
        d.set(removal_disallowed_key, true);
    }
    if (p.scope != profile_scope::unstated) {
        d.set(scope_key, p.scope == profile_scope::user ? "User" : "System");
    }
    if (p.removal_date) {
        d.set(removal_date_key, *p.removal_date);
    }
    if (p.duration_until_removal) {
        d.set(removal_after_key, std::chrono::duration<double>{*p.duration_until_removal}.count());
    }
    if (p.target_device_type != 0) {
        d.set(target_key, p.target_device_type);
    }
    return d;
}

plist::array write_payloads(const profile& p) {
    plist::array content;
    for (const auto& item : p.payloads) {
        plist::dict d = item.content;
        write_common(d, item.type, item);
        content.emplace_back(std::move(d));
    }
    return content;
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

const std::string* profile::removal_password() const {
    const auto all = of_type(removal_password_type);
    return all.empty() ? nullptr : all.front()->content.string("RemovalPassword");
}

result<profile> parse(const crypto::context& ctx, bytes_view data, const crypto::identity* own) {
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
    auto out = read_profile(ctx, *d, own);
    if (out && opened) {
        out->is_signed = true;
        out->signer = std::move(opened->signer);
        out->signer_chain = std::move(opened->certificates);
    }
    return out;
}

bytes write(const profile& p) {
    auto d = write_wrapper(p);
    d.set(content_key, write_payloads(p));
    return plist::to_xml(std::move(d));
}

result<bytes> write_encrypted(const crypto::context& ctx, const profile& p,
                              const crypto::certificate& recipient) {
    auto sealed = crypto::seal_enveloped(ctx, plist::to_xml(write_payloads(p)), recipient);
    if (!sealed) {
        return std::unexpected(std::move(sealed.error()));
    }
    auto d = write_wrapper(p);
    d.set("IsEncrypted", true);
    d.set(encrypted_key, *std::move(sealed));
    return plist::to_xml(std::move(d));
}

} // namespace pomona::profile
