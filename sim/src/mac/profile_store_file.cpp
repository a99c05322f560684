// Installed profiles as a property list, to be kept and read again.
#include "mac/profile_store.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

constexpr std::array<std::string_view, 3> origin_names{"user", "mdm", "declaration"};

plist::array save_chain(const profile::profile& p) {
    plist::array out;
    if (p.signer) {
        out.emplace_back(p.signer->der());
    }
    for (const auto& cert : p.signer_chain) {
        out.emplace_back(cert.der());
    }
    return out;
}

plist::dict save_identity(const payload_identity& i) {
    plist::array chain;
    for (const auto& cert : i.identity->chain) {
        chain.emplace_back(cert.der());
    }
    return {{"PayloadUUID", i.payload_uuid},
            {"Certificate", i.identity->cert.der()},
            {"Chain", std::move(chain)},
            {"Key", i.identity->key.to_der()}};
}

plist::dict save_one(const installed_profile& i) {
    plist::dict d{{"Profile", profile::write(*i.content)},
                  {"Origin", origin_names[static_cast<std::size_t>(i.from)]},
                  {"Encrypted", i.content->is_encrypted}};
    if (i.content->is_signed) { // the signature itself has done its work
        d.set("Signers", save_chain(*i.content));
    }
    if (i.gone_at) {
        d.set("GoneAt", *i.gone_at);
    }
    if (!i.identities.empty()) {
        plist::array list;
        for (const auto& one : i.identities) {
            list.emplace_back(save_identity(one));
        }
        d.set("Identities", std::move(list));
    }
    return d;
}

result<std::vector<crypto::certificate>> load_chain(const crypto::context& ctx,
                                                    const plist::array& saved) {
    std::vector<crypto::certificate> out;
    for (const auto& item : saved) {
        const auto* der = item.get<bytes>();
        auto cert = der != nullptr ? crypto::certificate::from_der(ctx, *der)
                                   : fail(plist::errc::wrong_type, "a certificate");
        if (!cert) {
            return std::unexpected{std::move(cert.error())};
        }
        out.push_back(*std::move(cert));
    }
    return out;
}

result<payload_identity> load_identity(const crypto::context& ctx, const plist::value& item) {
    const auto* d = item.get<plist::dict>();
    const auto* uuid = d != nullptr ? d->string("PayloadUUID") : nullptr;
    const auto* cert = d != nullptr ? d->data("Certificate") : nullptr;
    const auto* key = d != nullptr ? d->data("Key") : nullptr;
    const auto* chain = d != nullptr ? d->list("Chain") : nullptr;
    if (uuid == nullptr || cert == nullptr || key == nullptr || chain == nullptr) {
        return fail(plist::errc::missing_key, "an identity of a profile");
    }
    auto c = crypto::certificate::from_der(ctx, *cert);
    auto k = crypto::private_key::from_der(ctx, *key);
    auto rest = load_chain(ctx, *chain);
    if (!c || !k || !rest) {
        return std::unexpected{!c ? c.error() : !k ? k.error() : rest.error()};
    }
    return payload_identity{.payload_uuid = *uuid,
                            .identity = std::make_shared<const crypto::identity>(
                                crypto::identity{*std::move(c), *std::move(k), *std::move(rest)})};
}

/// What the bytes in the file do not say: who signed it, and that it was encrypted.
result<profile_ptr> complete(const profile_ptr& read, const plist::dict& d,
                             const crypto::context& ctx) {
    const auto* encrypted = d.boolean("Encrypted");
    const auto* signers = d.list("Signers");
    const bool was_encrypted = encrypted != nullptr && *encrypted;
    if (!was_encrypted && signers == nullptr) {
        return read;
    }
    auto out = *read;
    out.is_encrypted = was_encrypted;
    if (signers != nullptr) {
        auto chain = load_chain(ctx, *signers);
        if (!chain || chain->empty()) {
            return chain ? fail(plist::errc::missing_key, "Signers")
                         : std::unexpected{std::move(chain.error())};
        }
        out.is_signed = true;
        out.signer = chain->front();
        out.signer_chain.assign(chain->begin() + 1, chain->end());
    }
    return std::make_shared<const profile::profile>(std::move(out));
}

result<installed_profile> load_one(const plist::value& item, const crypto::context& ctx,
                                   profile_shelf& shelf) {
    const auto* d = item.get<plist::dict>();
    const auto* data = d != nullptr ? d->data("Profile") : nullptr;
    const auto* from = d != nullptr ? d->string("Origin") : nullptr;
    if (data == nullptr || from == nullptr) {
        return fail(plist::errc::missing_key, "an installed profile");
    }
    const auto named = std::ranges::find(origin_names, *from);
    if (named == origin_names.end()) {
        return fail(plist::errc::malformed, "Origin of a profile", *from);
    }
    auto read = shelf.read(ctx, *data, nullptr);
    auto content = read ? complete(*read, *d, ctx) : std::move(read);
    if (!content) {
        return std::unexpected{std::move(content.error())};
    }
    installed_profile out{.content = *std::move(content),
                          .from = static_cast<origin>(named - origin_names.begin())};
    if (const auto* at = d->find("GoneAt"); at != nullptr && at->get<time_point>() != nullptr) {
        out.gone_at = *at->get<time_point>();
    }
    if (const auto* list = d->list("Identities")) {
        for (const auto& one : *list) {
            auto identity = load_identity(ctx, one);
            if (!identity) {
                return std::unexpected{std::move(identity.error())};
            }
            out.identities.push_back(*std::move(identity));
        }
    }
    return out;
}

} // namespace

plist::array profile_store::save() const {
    plist::array out;
    for (const auto& i : all_) {
        out.emplace_back(save_one(i));
    }
    return out;
}

result<profile_store> profile_store::load(const plist::array& saved, const crypto::context& ctx,
                                          profile_shelf& shelf) {
    profile_store out;
    for (const auto& item : saved) {
        auto read = load_one(item, ctx, shelf);
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        out.all_.push_back(*std::move(read));
    }
    return out;
}

} // namespace pomona::sim::mac
