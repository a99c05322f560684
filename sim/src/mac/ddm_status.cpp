#include "mac/ddm_status.hpp"

#include "mac/ddm_catalogue.hpp"

#include <nlohmann/json.hpp>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

/// "device.model.family" becomes nested objects (Apple, "StatusReport").
void set_nested(json& root, std::string_view path, json value) {
    auto* node = &root;
    for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
        node = &(*node)[std::string{path.substr(0, dot)}];
        path.remove_prefix(dot + 1);
    }
    (*node)[std::string{path}] = std::move(value);
}

class builder {
  public:
    explicit builder(const reported_items& before) : before_{&before} {}

    void item(const std::string& name, json value) {
        auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
        if (changed(name, text)) {
            set_nested(items_, name, std::move(value));
        }
        says_.emplace(name, std::move(text));
    }
    /// DDM-051: not silence. Capital keys, as in Errors (DDM-062).
    void unsupported(const std::string& name) {
        if (changed(name, {})) {
            errors_.push_back(
                {{"StatusItem", name},
                 {"Reasons", json::array({{{"Code", "Error.StatusItemNotSupported"},
                                           {"Description", "This Mac cannot deliver the item."},
                                           {"Details", json::object()}}})}});
        }
        says_.emplace(name, std::string{});
    }
    std::optional<status_report> finish() {
        if (items_.empty() && errors_.empty()) {
            return std::nullopt;
        }
        const json report{{"StatusItems", std::move(items_)}, {"Errors", std::move(errors_)}};
        return status_report{
            .json = to_bytes(report.dump(-1, ' ', false, json::error_handler_t::replace)),
            .says = std::move(says_)};
    }

  private:
    [[nodiscard]] bool changed(const std::string& name, std::string_view text) const {
        const auto found = before_->find(name);
        return found == before_->end() || found->second != text;
    }
    const reported_items* before_;
    json items_ = json::object();
    json errors_ = json::array();
    reported_items says_;
};

} // namespace

std::optional<status_report> build_status(const evaluation& now, const hardware& machine,
                                          const reported_items& before) {
    builder b{before};
    // Always reported, without a subscription (schema, management.* status items).
    b.item("management.client-capabilities", client_capabilities(machine.kind));
    b.item("management.declarations", *now.declarations);
    for (const auto& name : now.subscribed) {
        if (name == "management.client-capabilities" || name == "management.declarations") {
            continue;
        }
        if (auto value = status_value(name, machine)) {
            b.item(name, *std::move(value));
        } else {
            b.unsupported(name);
        }
    }
    return b.finish();
}

} // namespace pomona::sim::mac
