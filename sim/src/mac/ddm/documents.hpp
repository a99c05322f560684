// Documents that declarations point to: the data of assets, and profiles. Fetched over HTTP by the
// driver, judged here.
#pragma once

#include "mac/ddm/declaration_set.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pomona::sim::mac {

/// A document to fetch.
struct ddm_download {
    std::string key; ///< of the declaration and its revision
    std::string url;
    /// As MDM requests go: client certificate, Mdm-Signature (Authentication MDM); otherwise plain.
    bool with_identity = false;
};
/// What came of it.
struct downloaded {
    unsigned status = 0;
    std::string media_type; ///< without parameters
    bytes body;
};

/// The document a declaration needs; nullopt: none.
std::optional<ddm_download> document_of(const held_declaration& d);

struct document {
    /// Error.AssetCannotBeDownloaded and the like; empty: the content is good.
    std::string_view problem;
    std::string detail;
    std::shared_ptr<const bytes> content = {};
    /// The next synchronisation tries again.
    [[nodiscard]] bool is_worth_a_try() const { return problem.ends_with("CannotBeDownloaded"); }
};
/// `answer` nullopt: nothing was heard (`why`). Media type, size and hash are checked as far as the
/// declaration states them; credentials have to be of their type's shape.
document judge_document(const held_declaration& d, std::optional<downloaded> answer,
                        const std::string& why, declaration_cache& cache);

/// By key.
class document_store {
  public:
    [[nodiscard]] const document* find(const held_declaration& d) const;
    void put(const held_declaration& d, document what);
    /// What failed and may go better another time.
    void drop_failed();
    [[nodiscard]] bool has_failed() const;
    /// Keeps what `held` still points to.
    void follow(const declaration_set& held);
    void clear() { all_.clear(); }

    [[nodiscard]] plist::dict save() const;
    static result<document_store> load(const plist::dict& saved, declaration_cache& cache);

  private:
    std::map<std::string, document, std::less<>> all_;
};

/// The object of a credential document; discarded when it is none.
nlohmann::json credential_of(const document& d);

} // namespace pomona::sim::mac
