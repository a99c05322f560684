#include "pomona/foundation/yaml_section.hpp"

#include <algorithm>

namespace pomona::yaml {

section::section(const node& map, std::string name, std::vector<problem>& problems)
    : map_{&map}, name_{std::move(name)}, problems_{&problems} {
    if (map.kind != kind::mapping) {
        report(map.where, "`" + name_ + "` has to be a mapping");
    }
}

void section::report(const location& where, std::string message, std::string suggestion) {
    problems_->push_back({where, std::move(message), std::move(suggestion)});
}

const node* section::take(std::string_view key, bool required) {
    known_.push_back(key);
    const auto* n = map_->find(key);
    if (n == nullptr && required && map_->kind == kind::mapping) {
        report(map_->where, "`" + name_ + "` lacks `" + std::string{key} + "`");
    }
    return n;
}

std::string section::text(std::string_view key, bool required) {
    const auto* n = take(key, required);
    if (n == nullptr) {
        return {};
    }
    if (n->kind != kind::scalar || n->text.empty()) {
        report(n->where, "`" + std::string{key} + "` has to be a text");
        return {};
    }
    return n->text;
}

bool section::flag(std::string_view key, bool fallback) {
    const auto* n = take(key);
    if (n == nullptr) {
        return fallback;
    }
    const auto value = n->boolean();
    if (!value) {
        report(n->where, "`" + std::string{key} + "` has to be true or false");
    }
    return value.value_or(fallback);
}

std::string section::word(std::string_view key, const std::vector<std::string_view>& words,
                          bool required) {
    auto out = text(key, required);
    const auto* n = map_->find(key);
    if (out.empty() || std::ranges::find(words, std::string_view{out}) != words.end()) {
        return out;
    }
    std::string all;
    for (const auto one : words) {
        all += all.empty() ? "" : ", ";
        all += one;
    }
    const auto near = nearest(out, words);
    report(n->where, "`" + std::string{key} + "` cannot be `" + out + "`",
           near.empty() ? "it is one of: " + all : "did you mean `" + near + "`?");
    return {};
}

std::vector<std::string> section::texts(std::string_view key) {
    const auto* n = take(key);
    std::vector<std::string> out;
    if (n == nullptr) {
        return out;
    }
    if (n->kind != kind::sequence) {
        report(n->where, "`" + std::string{key} + "` has to be a list");
    }
    for (const auto& item : n->items) {
        if (item.kind != kind::scalar) {
            report(item.where, "`" + std::string{key} + "` has to be a list of texts");
        }
        out.push_back(item.text);
    }
    return out;
}

void section::finish() {
    for (const auto& m : map_->members) {
        if (std::ranges::find(known_, std::string_view{m.key}) == known_.end()) {
            const auto near = nearest(m.key, known_);
            report(m.where, "unknown key `" + m.key + "` in `" + name_ + "`",
                   near.empty() ? "" : "did you mean `" + near + "`?");
        }
    }
}

} // namespace pomona::yaml
