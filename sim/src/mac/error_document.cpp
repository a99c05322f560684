#include "mac/error_document.hpp"

#include "pomona/protocol/ddm/messages.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace pomona::sim::mac {
namespace {

/// Content-Type has to say which form the document has (MDM-CHK-052); one that says neither is no
/// error document.
std::optional<std::string> error_code(const net::response& r) {
    constexpr std::size_t largest = 64U << 10U;
    const auto type = net::media_type(r.headers);
    if (r.body.size() > largest) {
        return std::nullopt;
    }
    if (type.ends_with("json")) {
        const auto document = ddm::parse_json(r.body, largest, 16);
        if (!document || !(*document)->is_object()) {
            return std::nullopt;
        }
        const auto code = (*document)->find("code");
        return code != (*document)->end() && code->is_string()
                   ? std::optional{code->get<std::string>()}
                   : std::nullopt;
    }
    if (type.ends_with("xml") || type.ends_with("plist")) {
        const auto document = plist::parse_dict(r.body);
        const auto* code = document ? document->string("code") : nullptr;
        return code != nullptr ? std::optional{*code} : std::nullopt;
    }
    return std::nullopt;
}

} // namespace

standing judge(const net::response& r) {
    if (r.status >= 200 && r.status < 300) {
        return standing::accepted;
    }
    if (r.status == 401) {
        return standing::unauthorized;
    }
    // Since macOS 14, which is older than every persona.
    if (r.status == 403 && error_code(r) == "com.apple.unrecognized.device") {
        return standing::unrecognized;
    }
    return standing::failed;
}

std::string_view to_text(standing s) {
    switch (s) {
    case standing::accepted:
        return "accepted";
    case standing::failed:
        return "failed";
    case standing::unauthorized:
        return "401";
    case standing::unrecognized:
        return "com.apple.unrecognized.device";
    }
    return "";
}

} // namespace pomona::sim::mac
