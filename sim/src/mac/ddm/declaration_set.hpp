// The declarations that a Mac holds. What was fetched is read once and shared among all Macs that
// hold the same bytes.
#pragma once

#include "pomona/protocol/ddm/messages.hpp"
#include "pomona/protocol/plist/value.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::predicate {
class expression;
}

namespace pomona::sim::mac {

/// A declaration after reading; never changes.
struct held_declaration {
    std::string type, identifier, server_token;
    ddm::kind kind{};
    nlohmann::json payload;
    /// Identifiers of the assets that the payload names, in order, each once.
    std::vector<std::string> assets;
    /// Of an activation whose Predicate could be parsed.
    std::shared_ptr<const predicate::expression> predicate;
    /// Why it could not: a reason code; empty otherwise.
    std::string_view predicate_problem;

    [[nodiscard]] bool is(std::string_view after_com_apple) const;
};
using declaration_ptr = std::shared_ptr<const held_declaration>;

/// Keeps one of each while somebody holds it. For one thread, as the environment is.
class declaration_cache {
  public:
    /// Of a declaration whose type has a kind.
    declaration_ptr share(const ddm::declaration& read);
    /// The same for what declarations point to.
    std::shared_ptr<const bytes> share(bytes content);

  private:
    void purge();
    std::map<bytes, std::weak_ptr<const held_declaration>> known_; // by SHA-256
    std::map<bytes, std::weak_ptr<const bytes>> contents_;
    std::size_t purge_at_ = 64;
};

/// All of one channel, in the order of the last manifest of each kind.
class declaration_set {
  public:
    [[nodiscard]] const std::vector<declaration_ptr>& of(ddm::kind k) const {
        return lists_[static_cast<std::size_t>(k)];
    }
    /// Null when there is none.
    [[nodiscard]] const held_declaration* find(ddm::kind k, std::string_view identifier) const;
    /// In place of the one with its identifier, or at the end.
    void put(declaration_ptr d);
    void erase(ddm::kind k, std::string_view identifier);
    /// Drops what the manifest does not list, and takes its order.
    void follow(const ddm::manifest& m);
    [[nodiscard]] std::size_t size() const;

    [[nodiscard]] plist::array save() const;
    static result<declaration_set> load(const plist::array& saved, declaration_cache& cache);

  private:
    std::array<std::vector<declaration_ptr>, 4> lists_;
};

/// Observed (F1): activations come before configurations.
inline constexpr std::array all_kinds{ddm::kind::activation, ddm::kind::configuration,
                                      ddm::kind::asset, ddm::kind::management};

} // namespace pomona::sim::mac
