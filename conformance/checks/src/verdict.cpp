#include "pomona/checks/verdict.hpp"

#include <array>

namespace pomona::checks {

std::string_view to_text(level v) {
    switch (v) {
    case level::must:
        return "must";
    case level::should:
        return "should";
    case level::may:
        return "may";
    }
    return {};
}

std::string_view to_text(basis v) {
    switch (v) {
    case basis::rfc:
        return "rfc";
    case basis::schema:
        return "schema";
    case basis::documented:
        return "documented";
    case basis::observed:
        return "observed";
    case basis::derived:
        return "derived";
    }
    return {};
}

std::string_view to_text(subject v) {
    switch (v) {
    case subject::server:
        return "server";
    case subject::scep_server:
        return "SCEP server";
    case subject::provider:
        return "push provider";
    case subject::push_service:
        return "push service";
    case subject::device:
        return "device";
    case subject::scep_client:
        return "SCEP client";
    }
    return {};
}

std::string_view to_text(verdict v) {
    switch (v) {
    case verdict::pass:
        return "pass";
    case verdict::fail:
        return "fail";
    case verdict::warn:
        return "warn";
    case verdict::lenient:
        return "lenient";
    case verdict::not_applicable:
        return "n/a";
    case verdict::blocked:
        return "blocked";
    case verdict::error:
        return "error";
    }
    return {};
}

std::optional<verdict> parse_verdict(std::string_view text) {
    constexpr std::array all{verdict::pass,    verdict::fail,           verdict::warn,
                             verdict::lenient, verdict::not_applicable, verdict::blocked,
                             verdict::error};
    for (const auto v : all) {
        if (to_text(v) == text) {
            return v;
        }
    }
    return std::nullopt;
}

} // namespace pomona::checks
