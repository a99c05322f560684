// Which declarations are active and valid, and why not.
#pragma once

#include "mac/ddm/declaration_set.hpp"
#include "mac/ddm/documents.hpp"
#include "mac/ddm/host.hpp"
#include "pomona/protocol/predicate/predicate.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace pomona::sim::mac {

/// Why configurations could not be applied, by identifier; empty text: it went well.
using apply_results = std::map<std::string, std::string, std::less<>>;

struct circumstances {
    const ddm_scope& where;
    const predicate::source& values; ///< for the predicates of activations
    const document_store& documents;
    const apply_results& results;
};

struct evaluation {
    /// The object of management.declarations: four arrays of states.
    nlohmann::json declarations;
    /// Names of the status items that active subscriptions ask for, each once, in order of first
    /// mention.
    std::vector<std::string> subscribed;
    /// Configurations that are to be in effect, in order.
    std::vector<declaration_ptr> active;
    /// Declarations whose documents have to be fetched first.
    std::vector<declaration_ptr> wanted;
};

evaluation evaluate(const declaration_set& all, const circumstances& now);

} // namespace pomona::sim::mac
