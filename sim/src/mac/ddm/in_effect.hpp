// What active configurations have brought about on the Mac, and the status items that tell of it.
#pragma once

#include "mac/ddm/declaration_set.hpp"
#include "mac/ddm/documents.hpp"
#include "mac/ddm/evaluation.hpp"
#include "mac/ddm/host.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pomona::sim::mac {

/// The configurations that are applied now. One un-applies what is no longer active before it
/// applies what is new (Apple, "Integrating declarative management").
class in_effect {
  public:
    /// True when anything changed.
    bool follow(const std::vector<declaration_ptr>& active, const document_store& documents,
                ddm_host& host);
    /// Everything is un-applied.
    void clear(ddm_host& host);

    [[nodiscard]] const apply_results& results() const { return results_; }
    [[nodiscard]] bool has(std::string_view type) const;
    /// Of a combined or single type; null: none.
    [[nodiscard]] nlohmann::json settings(std::string_view type) const;
    /// A status item that is made of configurations: accounts, certificates, background tasks,
    /// screen sharing; nullopt: it is not one of those.
    [[nodiscard]] std::optional<nlohmann::json> status(std::string_view item,
                                                       const declaration_set& all,
                                                       const document_store& documents,
                                                       const crypto::context& crypto) const;

    [[nodiscard]] plist::dict save() const;
    /// `all` is where the configurations are taken from. The machine remembers for itself what it
    /// was told.
    static result<in_effect> load(const plist::dict& saved, const declaration_set& all);

  private:
    [[nodiscard]] bool is_applied(const declaration_ptr& d) const;
    void withdraw(const declaration_ptr& d, const std::vector<declaration_ptr>& active,
                  ddm_host& host);
    void apply(const declaration_ptr& d, const document_store& documents, ddm_host& host);
    void tell_settings(const std::vector<std::string>& types, ddm_host& host);
    void tell_updates(ddm_host& host);
    [[nodiscard]] nlohmann::json combined(std::string_view type) const;
    /// Those whose time cannot be read become failures.
    std::vector<update_enforcement> enforcements();

    std::vector<declaration_ptr> applied_;
    apply_results results_;
    std::map<std::string, std::string, std::less<>> profiles_; ///< configuration: PayloadIdentifier
    std::map<std::string, nlohmann::json, std::less<>> settings_; ///< by type
    std::vector<update_enforcement> updates_;
};

/// "2026-02-03T04:05:06", without offset. Choice: the virtual Mac's time zone is UTC.
std::optional<time_point> read_local_time(const std::string& text);

} // namespace pomona::sim::mac
