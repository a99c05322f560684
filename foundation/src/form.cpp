#include "pomona/foundation/form.hpp"

#include "pomona/foundation/encoding.hpp"

#include <algorithm>

namespace pomona {
namespace {

std::optional<std::string> decode(std::string_view text) {
    std::string spaced{text};
    std::ranges::replace(spaced, '+', ' ');
    return percent_decode(spaced);
}

} // namespace

std::string write_form(const form& fields) {
    std::string out;
    for (const auto& f : fields) {
        out += (out.empty() ? "" : "&") + percent_encode(f.name) + '=' + percent_encode(f.value);
    }
    return out;
}

std::optional<form> read_form(std::string_view text, std::size_t most) {
    form out;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) {
            continue;
        }
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = decode(pair.substr(0, equals));
        auto value = decode(pair.substr(std::min(equals + 1, pair.size())));
        if (!name || !value || out.size() == most) {
            return std::nullopt;
        }
        out.push_back({*std::move(name), *std::move(value)});
    }
    return out;
}

const std::string* find_field(const form& fields, std::string_view name) {
    const auto found = std::ranges::find(fields, name, &form_field::name);
    return found == fields.end() ? nullptr : &found->value;
}

} // namespace pomona
