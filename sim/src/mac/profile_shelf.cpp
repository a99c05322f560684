#include "mac/profile_shelf.hpp"

#include <algorithm>

namespace pomona::sim::mac {

result<profile_ptr> profile_shelf::read(const crypto::context& ctx, bytes_view data,
                                        const crypto::identity* own) {
    auto name = crypto::sha256(data);
    if (const auto found = known_.find(name); found != known_.end()) {
        if (auto same = found->second.lock()) {
            return same;
        }
    }
    auto parsed = profile::parse(ctx, data, own);
    if (!parsed) {
        return std::unexpected{std::move(parsed.error())};
    }
    auto out = std::make_shared<const profile::profile>(*std::move(parsed));
    if (!out->is_encrypted) {
        known_.insert_or_assign(std::move(name), out);
        forget_unused();
    }
    return out;
}

void profile_shelf::forget_unused() {
    if (known_.size() < tidy_at_) {
        return;
    }
    std::erase_if(known_, [](const auto& item) { return item.second.expired(); });
    tidy_at_ = std::max<std::size_t>(64, 2 * known_.size());
}

} // namespace pomona::sim::mac
