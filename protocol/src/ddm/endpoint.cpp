// Kinds of declarations and the Endpoint key of the DeclarativeManagement check-in message.
#include "pomona/protocol/ddm/messages.hpp"

#include <algorithm>
#include <array>

namespace pomona::ddm {
namespace {

constexpr std::array<std::string_view, 4> kind_names{"activation", "configuration", "asset",
                                                     "management"};
constexpr std::string_view declaration_prefix = "declaration/";

} // namespace

std::string_view to_text(kind k) {
    return kind_names[static_cast<std::size_t>(k)];
}

std::optional<kind> parse_kind(std::string_view text) {
    const auto* found = std::ranges::find(kind_names, text);
    if (found == kind_names.end()) {
        return std::nullopt;
    }
    return static_cast<kind>(found - kind_names.begin());
}

// Apple, "Leveraging the declarative management data model": the third component names the kind.
std::optional<kind> kind_of(std::string_view declaration_type) {
    constexpr std::string_view prefix = "com.apple.";
    if (!declaration_type.starts_with(prefix)) {
        return std::nullopt;
    }
    const auto rest = declaration_type.substr(prefix.size());
    const auto dot = rest.find('.');
    if (dot == std::string_view::npos || dot + 1 == rest.size()) {
        return std::nullopt;
    }
    return parse_kind(rest.substr(0, dot));
}

result<endpoint> parse_endpoint(std::string_view text) {
    using what = endpoint::what;
    if (text == "tokens") {
        return endpoint{what::tokens, {}, {}};
    }
    if (text == "declaration-items") {
        return endpoint{what::declaration_items, {}, {}};
    }
    if (text == "status") {
        return endpoint{what::status, {}, {}};
    }
    // Apple, "Declarative Management": <kind> is the short word, not the type of the declaration.
    if (!text.starts_with(declaration_prefix)) {
        return fail(errc::unknown_endpoint, {}, std::string{text}); // DDM-024
    }
    const auto rest = text.substr(declaration_prefix.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos || slash + 1 == rest.size()) {
        return fail(errc::unknown_endpoint, "no identifier", std::string{text});
    }
    const auto k = parse_kind(rest.substr(0, slash));
    if (!k) {
        return fail(errc::unknown_kind, {}, std::string{text});
    }
    return endpoint{what::declaration, *k, std::string{rest.substr(slash + 1)}};
}

std::string write_endpoint(const endpoint& e) {
    switch (e.target) {
    case endpoint::what::tokens:
        return "tokens";
    case endpoint::what::declaration_items:
        return "declaration-items";
    case endpoint::what::status:
        return "status";
    case endpoint::what::declaration:
        break;
    }
    return std::string{declaration_prefix} + std::string{to_text(e.kind)} + '/' + e.identifier;
}

} // namespace pomona::ddm
