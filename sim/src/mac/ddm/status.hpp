// Status reports: what the server was told, and what it has to be told next.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/foundation/error.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pomona::sim::mac {

/// What delivered reports said, as hashes: a Mac's memory of them has to be small.
class reported_items {
  public:
    struct element {
        std::string identifier;
        std::uint64_t hash = 0;
    };
    struct item {
        std::string name;
        std::uint64_t hash = 0; ///< of the whole value, or of the error
        /// Of an array with identifiers.
        std::vector<element> elements;
    };
    [[nodiscard]] const item* find(std::string_view name) const;
    /// Names come once each.
    void add(item one) { all_.push_back(std::move(one)); }
    void settle(); ///< after the last `add`

    [[nodiscard]] plist::array save() const;
    static result<reported_items> load(const plist::array& saved);

  private:
    std::vector<item> all_; // by name
};

struct status_report {
    bytes json;          ///< StatusReport
    reported_items says; ///< what has been reported once this one is delivered
};

/// The items that differ from `before` (nothing has to). An item that is not added any more is
/// forgotten without a word.
class status_builder {
  public:
    /// `full`: everything is said, with FullReport.
    status_builder(const reported_items& before, bool full) : before_{&before}, full_{full} {}

    /// Apple, "StatusReport": of an array whose elements have an `identifier` only those that
    /// changed, and `_removed` for those that are gone. `by_element`: false for values that are
    /// reported whole.
    void item(const std::string& name, nlohmann::json value, bool by_element = true);
    /// DDM-051: not silence.
    void error(const std::string& name, std::string_view code, std::string_view description);
    /// nullopt: there is nothing to say.
    std::optional<status_report> finish();

  private:
    nlohmann::json changes(const nlohmann::json& value, const reported_items::item* before,
                           reported_items::item& now) const;

    const reported_items* before_;
    bool full_;
    bool something_ = false;
    nlohmann::json items_ = nlohmann::json::object();
    nlohmann::json errors_ = nlohmann::json::array();
    reported_items says_;
};

} // namespace pomona::sim::mac
