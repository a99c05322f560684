#include "reader.hpp"

#include <algorithm>

namespace pomona::scenario {

void parse_state::report(location where, std::string message, std::string suggestion) {
    if (problems.size() < 20) {
        problems.push_back({std::move(where), std::move(message), std::move(suggestion)});
    }
}

std::string parse_state::substitute(const std::string& raw, const location& where) {
    std::string out;
    std::size_t at = 0;
    while (true) {
        const auto begin = raw.find("${", at);
        out.append(raw, at, begin == std::string::npos ? begin : begin - at);
        if (begin == std::string::npos) {
            return out;
        }
        const auto end = raw.find('}', begin);
        if (end == std::string::npos) {
            report(where, "`${` without its `}`", "");
            return out;
        }
        const auto name = raw.substr(begin + 2, end - begin - 2);
        if (const auto found = vars.find(name); found != vars.end()) {
            out += found->second;
        } else if (name.starts_with("mac.") || captured.contains(name)) {
            out.append(raw, begin, end + 1 - begin);
        } else {
            std::vector<std::string_view> names{captured.begin(), captured.end()};
            for (const auto& [key, value] : vars) {
                names.emplace_back(key);
            }
            const auto near = nearest(name, names);
            report(where, "the variable `" + name + "` is not defined",
                   near.empty()
                       ? "define it under `vars`, with --var, or capture it in an earlier step"
                       : "did you mean `" + near + "`?");
        }
        at = end + 1;
    }
}

reader::reader(parse_state& state, const yaml::node& map, std::string what)
    : state_{&state}, map_{&map}, what_{std::move(what)} {
    if (map.kind != yaml::kind::mapping) {
        state.report(map.where, what_ + " has to be a mapping (`key: value`)");
    }
}

const yaml::node* reader::take(std::string_view key) {
    known_.push_back(key);
    return map_->find(key);
}

std::optional<std::string> scalar_text(parse_state& state, const yaml::node& n,
                                       std::string_view what) {
    if (n.kind != yaml::kind::scalar) {
        state.report(n.where, "`" + std::string{what} + "` has to be one value");
        return std::nullopt;
    }
    return state.substitute(n.text, n.where);
}

std::optional<std::string> reader::text(std::string_view key) {
    const auto* n = take(key);
    return n == nullptr ? std::nullopt : scalar_text(*state_, *n, key);
}

std::string reader::required_text(std::string_view key) {
    const auto found = text(key);
    if (!found && map_->find(key) == nullptr) {
        state_->report(map_->where, what_ + " lacks `" + std::string{key} + "`");
    }
    return found.value_or("");
}

std::optional<std::int64_t> reader::integer(std::string_view key, std::int64_t min,
                                            std::int64_t max) {
    const auto* n = take(key);
    if (n == nullptr) {
        return std::nullopt;
    }
    auto resolved = *n;
    resolved.text = scalar_text(*state_, *n, key).value_or("");
    const auto value = resolved.integer();
    if (!value || *value < min || *value > max) {
        state_->report(n->where, "`" + std::string{key} + "` has to be a whole number from " +
                                     std::to_string(min) + " to " + std::to_string(max));
        return std::nullopt;
    }
    return value;
}

std::optional<bool> reader::boolean(std::string_view key) {
    const auto* n = take(key);
    if (n == nullptr) {
        return std::nullopt;
    }
    const auto value = n->boolean();
    if (!value) {
        state_->report(n->where, "`" + std::string{key} + "` has to be true or false");
    }
    return value;
}

std::optional<duration> read_duration(parse_state& state, const yaml::node& n) {
    const auto text = scalar_text(state, n, "a length of time");
    if (!text) {
        return std::nullopt;
    }
    const auto value = parse_duration(*text);
    if (!value) {
        state.report(n.where, "`" + *text + "` is not a length of time",
                     "write 500ms, 30s, 15m, 2h, 180d or a sum such as 1h30m");
    }
    return value;
}

std::optional<duration> reader::length(std::string_view key) {
    const auto* n = take(key);
    return n == nullptr ? std::nullopt : read_duration(*state_, *n);
}

std::vector<std::string> reader::texts(std::string_view key) {
    std::vector<std::string> out;
    const auto* n = take(key);
    if (n == nullptr) {
        return out;
    }
    const std::vector<yaml::node> single{*n};
    for (const auto& item : n->kind == yaml::kind::sequence ? n->items : single) {
        if (auto text = scalar_text(*state_, item, key)) {
            out.push_back(std::move(*text));
        }
    }
    return out;
}

void reader::finish() {
    for (const auto& m : map_->members) {
        if (std::ranges::find(known_, m.key) != known_.end()) {
            continue;
        }
        const auto near = nearest(m.key, known_);
        std::string help = "did you mean `" + near + "`?";
        if (near.empty()) {
            help = "known here:";
            for (const auto key : known_) {
                help += ' ' + std::string{key};
            }
        }
        state_->report(m.where, "unknown key `" + m.key + "` in " + what_, help);
    }
}

std::optional<time_limit> read_time_limit(parse_state& state, const yaml::node& n) {
    const auto text = scalar_text(state, n, "a time limit");
    if (!text) {
        return std::nullopt;
    }
    const auto of = text->find(" of ");
    auto length_node = n;
    length_node.text = text->substr(0, of);
    const auto length = read_duration(state, length_node);
    if (!length) {
        return std::nullopt;
    }
    time_limit limit{*length, {}};
    if (of != std::string::npos) {
        auto cause = parse_message(text->substr(of + 4), n.where);
        if (!cause) {
            state.report(cause.error().where, cause.error().message, cause.error().suggestion);
            return std::nullopt;
        }
        limit.of = std::move(*cause);
    }
    return limit;
}

} // namespace pomona::scenario
