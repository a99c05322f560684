#include "mac/ddm/declaration_set.hpp"

#include "pomona/protocol/crypto/context.hpp"
#include "pomona/protocol/predicate/predicate.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

/// Every asset a payload names: schema, the keys with asset types all end so.
void collect_assets(const json& node, std::vector<std::string>& out) { // depth: as parsed, 64
    if (!node.is_structured()) {
        return;
    }
    for (const auto& [key, value] : node.items()) {
        if (!value.is_string() || !key.ends_with("AssetReference")) {
            collect_assets(value, out);
        } else if (auto name = value.get<std::string>();
                   std::ranges::find(out, name) == out.end()) {
            out.push_back(std::move(name));
        }
    }
}

void read_predicate(held_declaration& d) {
    const auto found = d.payload.is_object() ? d.payload.find("Predicate") : d.payload.end();
    if (d.kind != ddm::kind::activation || found == d.payload.end() || !found->is_string()) {
        return;
    }
    auto read = predicate::expression::parse(found->get_ref<const std::string&>());
    if (read) {
        d.predicate = std::make_shared<const predicate::expression>(*std::move(read));
    } else {
        d.predicate_problem = read.error().code == predicate::errc::custom_operator
                                  ? "Error.UnableToParsePredicateWithCustomOperator"
                                  : "Error.UnableToParsePredicate";
    }
}

} // namespace

bool held_declaration::is(std::string_view after_com_apple) const {
    constexpr std::string_view prefix = "com.apple.";
    return std::string_view{type}.substr(std::min(prefix.size(), type.size())) == after_com_apple;
}

declaration_ptr declaration_cache::share(const ddm::declaration& read) {
    auto& place = known_[crypto::sha256(ddm::write_declaration(read))];
    if (auto known = place.lock()) {
        return known;
    }
    auto made = std::make_shared<held_declaration>();
    made->type = read.type;
    made->identifier = read.identifier;
    made->server_token = read.server_token;
    made->kind = read.kind().value_or(ddm::kind::configuration);
    made->payload = json::parse(read.payload, nullptr, false);
    collect_assets(made->payload, made->assets);
    read_predicate(*made);
    place = made;
    purge();
    return made;
}

std::shared_ptr<const bytes> declaration_cache::share(bytes content) {
    auto& place = contents_[crypto::sha256(content)];
    auto known = place.lock();
    if (!known) {
        known = std::make_shared<const bytes>(std::move(content));
        place = known;
        purge();
    }
    return known;
}

void declaration_cache::purge() {
    if (known_.size() + contents_.size() > purge_at_) {
        const auto gone = [](const auto& one) { return one.second.expired(); };
        std::erase_if(known_, gone);
        std::erase_if(contents_, gone);
        purge_at_ = 2 * (known_.size() + contents_.size()) + 64;
    }
}

const held_declaration* declaration_set::find(ddm::kind k, std::string_view identifier) const {
    const auto& list = of(k);
    const auto found = std::ranges::find_if(
        list, [&](const declaration_ptr& d) { return d->identifier == identifier; });
    return found == list.end() ? nullptr : found->get();
}

void declaration_set::put(declaration_ptr d) {
    auto& list = lists_[static_cast<std::size_t>(d->kind)];
    const auto place = std::ranges::find_if(
        list, [&](const declaration_ptr& one) { return one->identifier == d->identifier; });
    if (place == list.end()) {
        list.push_back(std::move(d));
    } else {
        *place = std::move(d);
    }
}

void declaration_set::erase(ddm::kind k, std::string_view identifier) {
    std::erase_if(lists_[static_cast<std::size_t>(k)],
                  [&](const declaration_ptr& d) { return d->identifier == identifier; });
}

void declaration_set::follow(const ddm::manifest& m) {
    for (const auto k : all_kinds) {
        std::map<std::string_view, std::size_t> places;
        for (const auto& item : m.items(k)) {
            places.emplace(item.identifier, places.size());
        }
        auto& list = lists_[static_cast<std::size_t>(k)];
        std::erase_if(list,
                      [&](const declaration_ptr& d) { return !places.contains(d->identifier); });
        std::ranges::sort(list, {},
                          [&](const declaration_ptr& d) { return places[d->identifier]; });
        list.shrink_to_fit();
    }
}

std::size_t declaration_set::size() const {
    std::size_t out = 0;
    for (const auto& list : lists_) {
        out += list.size();
    }
    return out;
}

plist::array declaration_set::save() const {
    plist::array out;
    for (const auto k : all_kinds) {
        for (const auto& d : of(k)) {
            out.emplace_back(ddm::write_declaration(
                {.type = d->type,
                 .identifier = d->identifier,
                 .server_token = d->server_token,
                 .payload = d->payload.dump(-1, ' ', false, json::error_handler_t::replace)}));
        }
    }
    return out;
}

result<declaration_set> declaration_set::load(const plist::array& saved, declaration_cache& cache) {
    declaration_set out;
    for (const auto& one : saved) {
        const auto* document = one.get<bytes>();
        if (document == nullptr) {
            return fail(ddm::errc::wrong_type, "a declaration is not data");
        }
        auto read = ddm::parse_declaration(*document);
        if (!read) {
            return std::unexpected{std::move(read.error())};
        }
        if (!read->kind()) {
            return fail(ddm::errc::unknown_kind);
        }
        out.put(cache.share(*read));
    }
    return out;
}

} // namespace pomona::sim::mac
