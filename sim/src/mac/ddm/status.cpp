#include "mac/ddm/status.hpp"

#include "pomona/protocol/ddm/messages.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// FNV-1a, 64 bits: the same in every run and on every machine.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t h = 0xcbf29ce484222325U;
    for (const char c : text) {
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return h;
}

/// "device.model.family" becomes nested objects (Apple, "StatusReport").
void set_nested(json& root, std::string_view path, json value) {
    auto* node = &root;
    for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
        node = &(*node)[std::string{path.substr(0, dot)}];
        path.remove_prefix(dot + 1);
    }
    (*node)[std::string{path}] = std::move(value);
}

bool has_identifiers(const json& value) {
    return value.is_array() && std::ranges::all_of(value, [](const json& one) {
               const auto found = one.is_object() ? one.find("identifier") : one.end();
               return one.is_object() && found != one.end() && found->is_string();
           });
}

std::int64_t to_saved(std::uint64_t h) {
    return static_cast<std::int64_t>(h);
}

} // namespace

const reported_items::item* reported_items::find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(all_, name, {}, &item::name);
    return found == all_.end() || found->name != name ? nullptr : &*found;
}

void reported_items::settle() {
    std::ranges::sort(all_, {}, &item::name);
    all_.shrink_to_fit();
}

plist::array reported_items::save() const {
    plist::array out;
    for (const auto& i : all_) {
        plist::dict elements;
        for (const auto& e : i.elements) {
            elements.set(e.identifier, to_saved(e.hash));
        }
        plist::dict one{{"name", i.name}, {"hash", to_saved(i.hash)}};
        if (!elements.empty()) {
            one.set("elements", std::move(elements));
        }
        out.emplace_back(std::move(one));
    }
    return out;
}

result<reported_items> reported_items::load(const plist::array& saved) {
    reported_items out;
    for (const auto& one : saved) {
        const auto* d = one.get<plist::dict>();
        const auto* name = d == nullptr ? nullptr : d->string("name");
        const auto* hash = d == nullptr ? nullptr : d->integer("hash");
        if (name == nullptr || hash == nullptr) {
            return fail(ddm::errc::missing_key, "a reported status item");
        }
        item i{.name = *name, .hash = static_cast<std::uint64_t>(*hash), .elements = {}};
        if (const auto* elements = d->dictionary("elements")) {
            for (const auto& [identifier, value] : *elements) {
                const auto* h = value.get<std::int64_t>();
                i.elements.push_back(
                    {identifier, h == nullptr ? 0 : static_cast<std::uint64_t>(*h)});
            }
        }
        out.add(std::move(i));
    }
    out.settle();
    return out;
}

void status_builder::item(const std::string& name, json value, bool by_element) {
    reported_items::item now{.name = name, .hash = hash_of(text_of(value)), .elements = {}};
    const auto* before = before_->find(name);
    const bool changed = full_ || before == nullptr || before->hash != now.hash;
    if (by_element && !value.empty() && has_identifiers(value)) {
        for (const auto& one : value) {
            now.elements.push_back({one["identifier"].get<std::string>(), hash_of(text_of(one))});
        }
    }
    if (changed) {
        const bool whole =
            full_ || before == nullptr || (now.elements.empty() && before->elements.empty());
        set_nested(items_, name, whole ? std::move(value) : changes(value, before, now));
        something_ = true;
    }
    says_.add(std::move(now));
}

json status_builder::changes(const json& value, const reported_items::item* before,
                             reported_items::item& now) const {
    auto out = json::array();
    for (std::size_t i = 0; i < now.elements.size(); ++i) {
        const auto& e = now.elements[i];
        const auto known =
            std::ranges::find(before->elements, e.identifier, &reported_items::element::identifier);
        if (known == before->elements.end() || known->hash != e.hash) {
            out.push_back(value[i]);
        }
    }
    for (const auto& e : before->elements) {
        if (std::ranges::find(now.elements, e.identifier, &reported_items::element::identifier) ==
            now.elements.end()) {
            out.push_back({{"identifier", e.identifier}, {"_removed", true}});
        }
    }
    return out;
}

void status_builder::error(const std::string& name, std::string_view code,
                           std::string_view description) {
    const auto hash = hash_of(std::string{code} + '\n' + std::string{description});
    const auto* before = before_->find(name);
    if (full_ || before == nullptr || before->hash != hash) {
        // Capital keys, as in Errors (DDM-062).
        errors_.push_back({{"StatusItem", name},
                           {"Reasons", json::array({{{"Code", code},
                                                     {"Description", description},
                                                     {"Details", json::object()}}})}});
        something_ = true;
    }
    says_.add({.name = name, .hash = hash, .elements = {}});
}

std::optional<status_report> status_builder::finish() {
    if (!something_) {
        return std::nullopt;
    }
    json report{{"StatusItems", std::move(items_)}, {"Errors", std::move(errors_)}};
    if (full_) {
        report["FullReport"] = true;
    }
    says_.settle();
    return status_report{.json = to_bytes(text_of(report)), .says = std::move(says_)};
}

} // namespace pomona::sim::mac
