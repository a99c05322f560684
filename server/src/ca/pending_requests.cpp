#include "ca/pending_requests.hpp"

#include <algorithm>

namespace pomona::server {

std::string_view to_text(decision d) {
    switch (d) {
    case decision::waiting:
        return "waiting";
    case decision::approved:
        return "approved";
    case decision::denied:
        return "denied";
    }
    return "";
}

bool pending_requests::add(pending_request r, time_point now) {
    std::erase_if(all_,
                  [now](const auto& one) { return one.second.what.query.now + lifetime <= now; });
    if (all_.size() >= most && !all_.contains(r.transaction_id)) {
        return false;
    }
    auto name = r.transaction_id;
    all_.insert_or_assign(std::move(name), std::move(r));
    return true;
}

pending_request* pending_requests::find(const std::string& transaction_id, bytes_view signer_key) {
    const auto found = all_.find(transaction_id);
    return found != all_.end() && std::ranges::equal(found->second.signer_key, signer_key)
               ? &found->second
               : nullptr;
}

bool pending_requests::decide(const std::string& transaction_id, decision d) {
    const auto found = all_.find(transaction_id);
    if (found == all_.end() || found->second.decided != decision::waiting) {
        return false;
    }
    found->second.decided = d;
    return true;
}

std::vector<const pending_request*> pending_requests::list() const {
    std::vector<const pending_request*> out;
    for (const auto& [id, one] : all_) {
        out.push_back(&one);
    }
    return out;
}

} // namespace pomona::server
