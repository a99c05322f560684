#include "predicates.hpp"

#include "pomona/trace/decode.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <regex>

namespace pomona::scenario {
namespace {

/// Long subjects make std::regex recurse deeply: enough for any field, too little for its stack.
constexpr std::size_t max_regex_subject = 4096;

std::string text_of(const nlohmann::json& value) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_object() && value.contains("$data") && value["$data"].is_string()) {
        return value["$data"].get<std::string>();
    }
    if (value.is_object() && value.contains("$date") && value["$date"].is_string()) {
        return value["$date"].get<std::string>();
    }
    return value.dump();
}

std::string text_of(const trace::field_value& value) {
    struct visitor {
        std::string operator()(const std::string& s) const { return s; }
        std::string operator()(std::int64_t n) const { return std::to_string(n); }
        std::string operator()(bool b) const { return b ? "true" : "false"; }
        std::string operator()(const std::vector<std::string>& all) const {
            std::string out;
            for (const auto& s : all) {
                out += (out.empty() ? "" : ", ") + s;
            }
            return out;
        }
    };
    return std::visit(visitor{}, value);
}

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc{} && end == text.data() + text.size() ? std::optional{value}
                                                                   : std::nullopt;
}

bool holds(const predicate& p, const std::vector<std::string>& wanted, const std::string& actual) {
    switch (p.test) {
    case predicate::op::equal:
    case predicate::op::in:
        for (const auto& one : wanted) {
            if (one == actual) {
                return true;
            }
        }
        return false;
    case predicate::op::matches:
        return actual.size() <= max_regex_subject &&
               std::regex_search(actual, std::regex{wanted.front()});
    case predicate::op::min:
    case predicate::op::max: {
        const auto value = number_of(actual);
        return value && (p.test == predicate::op::min ? *value >= p.bound : *value <= p.bound);
    }
    case predicate::op::exists:
        return p.flag;
    }
    return false;
}

std::string expected_text(const predicate& p, const std::vector<std::string>& wanted) {
    std::string out;
    switch (p.test) {
    case predicate::op::equal:
        return wanted.front();
    case predicate::op::matches:
        return "matching " + wanted.front();
    case predicate::op::in:
        for (const auto& one : wanted) {
            out += (out.empty() ? "one of " : ", ") + one;
        }
        return out;
    case predicate::op::min:
        return "at least " + nlohmann::json(p.bound).dump();
    case predicate::op::max:
        return "at most " + nlohmann::json(p.bound).dump();
    case predicate::op::exists:
        return p.flag ? "present" : "absent";
    }
    return out;
}

} // namespace

std::optional<std::string> value_at(const std::string& path, const trace::event& e,
                                    const trace::recorder& recorder) {
    if (path == "status" && e.kind == trace::kind::response) {
        return std::to_string(e.status);
    }
    if (e.body) {
        if (const auto body = recorder.body(*e.body)) {
            const auto value = trace::at_path(trace::decode_body(*body), path);
            if (!value.is_null()) {
                return text_of(value);
            }
        }
    }
    if (const auto* field = e.summary.find(path)) {
        return text_of(*field);
    }
    return std::nullopt;
}

std::optional<mismatch> test(const std::vector<predicate>& all, const trace::event& e,
                             const trace::recorder& recorder, const resolver& resolve) {
    for (const auto& p : all) {
        std::vector<std::string> wanted;
        for (const auto& text : p.texts) {
            wanted.push_back(resolve(text).value_or(text));
        }
        const auto actual = value_at(p.path, e, recorder);
        const bool ok = p.test == predicate::op::exists ? actual.has_value() == p.flag
                                                        : actual && holds(p, wanted, *actual);
        if (!ok) {
            return mismatch{p.path, expected_text(p, wanted), actual.value_or("absent")};
        }
    }
    return std::nullopt;
}

} // namespace pomona::scenario
