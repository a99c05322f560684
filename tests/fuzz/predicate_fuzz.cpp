// Predicates of activations, and the regular expressions in them, over fixed values.
#include "pomona/foundation/bytes.hpp"
#include "pomona/protocol/predicate/pattern.hpp"
#include "pomona/protocol/predicate/predicate.hpp"
#include "property.hpp"

#include <nlohmann/json.hpp>

namespace {

using namespace pomona;

class fixed_values final : public predicate::source {
  public:
    [[nodiscard]] std::optional<nlohmann::json> status(std::string_view item) const override {
        if (item == "a") {
            return nlohmann::json{{{"key", "x"}, {"n", 1}}, {{"key", "y"}}};
        }
        return item == "s" ? std::optional<nlohmann::json>{"Mac14,2"} : std::nullopt;
    }
    [[nodiscard]] std::optional<nlohmann::json> property(std::string_view name) const override {
        return name == "p" ? std::optional<nlohmann::json>{7} : std::nullopt;
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(bytes_view{data, size});
    if (const auto read = predicate::expression::parse(text)) {
        const fixed_values from;
        must(read->evaluate(from) == read->evaluate(from));
    }
    if (const auto p = predicate::pattern::compile(text)) {
        must(p->matches_whole("aaaaaaaaaaaaaaaaaaaa!") ==
             p->matches_whole("aaaaaaaaaaaaaaaaaaaa!"));
    }
    return 0;
}
