#include "apns/provider_credential.hpp"

#include "apns/portal.hpp"

namespace pomona::sim::apns {

namespace {

/// Choice: more different certificates than this in one run are forgotten and verified again.
constexpr std::size_t max_known = 1000;

/// What a certificate of our own push CA allows.
credential worth(const crypto::certificate& leaf) {
    const auto uid = leaf.subject_part("UID");
    const bool production = leaf.has_extension(production_client_oid);
    const bool sandbox = leaf.has_extension(sandbox_client_oid);
    if (!uid || !is_topic(*uid) || (!production && !sandbox)) {
        return {.state = credential::kind::refused, .topics = {}}; // no push certificate
    }
    if (!production) {
        // Apple: MDM always uses the production environment.
        return {.state = credential::kind::wrong_environment, .topics = {}};
    }
    return {.state = credential::kind::trusted, .topics = {topic{*uid}}};
}

} // namespace

credential credential_reader::read(const std::vector<crypto::certificate>& chain, time_point now,
                                   const push_portal& portal) {
    if (chain.empty()) {
        return {};
    }
    const auto& leaf = chain.front();
    if (portal.has_revoked() && portal.is_revoked(leaf.serial_hex())) {
        return {.state = credential::kind::refused, .topics = {}};
    }
    const auto name = leaf.sha256();
    const auto found = verified_.find(name);
    if (found != verified_.end() && found->second.from <= now && now <= found->second.until) {
        return found->second.who;
    }
    // Intermediates of the client's own choice are not needed: the push CA issues directly.
    if (!crypto::verify_chain(leaf, {}, roots_, now)) {
        return {.state = credential::kind::refused, .topics = {}};
    }
    if (verified_.size() >= max_known) {
        verified_.clear();
    }
    auto who = worth(leaf);
    verified_.insert_or_assign(
        name, known{.who = who, .from = leaf.not_before(), .until = leaf.not_after()});
    return who;
}

} // namespace pomona::sim::apns
