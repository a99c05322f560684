#include "mac/machine/provisioning.hpp"

#include "mac/machine/saved.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <algorithm>

namespace pomona::sim::mac {

result<provisioning_profile> read_provisioning_profile(const crypto::context& ctx,
                                                       bytes_view data) {
    bytes opened;
    if (crypto::looks_like_cms(data)) {
        auto verified = crypto::verify_attached(ctx, data);
        if (!verified) {
            return std::unexpected{std::move(verified.error())};
        }
        opened = std::move(verified->content);
        data = opened;
    }
    const auto d = plist::parse_dict(data);
    if (!d) {
        return std::unexpected{d.error()};
    }
    const auto name = plist::require_string(*d, "Name");
    const auto uuid = plist::require_string(*d, "UUID");
    if (!name || !uuid) {
        return std::unexpected{name ? uuid.error() : name.error()};
    }
    provisioning_profile out{.name = *name, .uuid = *uuid};
    const auto* expires = d->find("ExpirationDate");
    if (const auto* at = expires != nullptr ? expires->get<time_point>() : nullptr) {
        out.expires = *at;
    }
    return out;
}

void provisioning::put(provisioning_profile p) {
    const auto known = std::ranges::find(all_, p.uuid, &provisioning_profile::uuid);
    if (known == all_.end()) {
        all_.push_back(std::move(p));
    } else {
        *known = std::move(p);
    }
}

bool provisioning::remove(std::string_view uuid) {
    return std::erase_if(all_, [&](const auto& p) { return p.uuid == uuid; }) != 0;
}

plist::dict provisioning::save() const {
    plist::array list;
    for (const auto& p : all_) {
        plist::dict d{{"Name", p.name}, {"UUID", p.uuid}};
        if (p.expires) {
            d.set("ExpiryDate", *p.expires);
        }
        list.emplace_back(std::move(d));
    }
    return {{"Profiles", std::move(list)}};
}

result<provisioning> provisioning::load(const plist::dict& d) {
    provisioning out;
    const auto* list = d.list("Profiles");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const auto* one = (*list)[i].get<plist::dict>();
        if (one == nullptr) {
            return fail(plist::errc::wrong_type, "Profiles holds something that is no dictionary");
        }
        provisioning_profile p{.name = saved::text(*one, "Name"),
                               .uuid = saved::text(*one, "UUID")};
        const auto* expires = one->find("ExpiryDate");
        if (const auto* at = expires != nullptr ? expires->get<time_point>() : nullptr) {
            p.expires = *at;
        }
        out.put(std::move(p));
    }
    return out;
}

} // namespace pomona::sim::mac
