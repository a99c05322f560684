#include "mac/error_document.hpp"

#include "pomona/protocol/ddm/messages.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace pomona::sim::mac {
namespace {

constexpr std::size_t largest = 64U << 10U;

std::string text_of(const nlohmann::json& from, const char* key) {
    const auto found = from.find(key);
    return found != from.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<error_document> from_json(bytes_view body) {
    const auto document = ddm::parse_json(body, largest, 16);
    if (!document || !(*document)->is_object()) {
        return std::nullopt;
    }
    error_document out{.code = text_of(**document, "code"), .os_version = {}, .build_version = {}};
    if (const auto details = (*document)->find("details");
        details != (*document)->end() && details->is_object()) {
        out.os_version = text_of(*details, "OSVersion");
        out.build_version = text_of(*details, "BuildVersion");
    }
    return out;
}

std::optional<error_document> from_plist(bytes_view body) {
    const auto document = plist::parse_dict(body);
    if (!document) {
        return std::nullopt;
    }
    const auto text = [](const plist::dict* d, std::string_view key) {
        const auto* found = d == nullptr ? nullptr : d->string(key);
        return found == nullptr ? std::string{} : *found;
    };
    const auto* details = document->dictionary("details");
    return error_document{.code = text(&*document, "code"),
                          .os_version = text(details, "OSVersion"),
                          .build_version = text(details, "BuildVersion")};
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
    if (r.status == 403) {
        const auto document = read_error_document(r);
        if (document && document->code == "com.apple.unrecognized.device") {
            return standing::unrecognized;
        }
    }
    return standing::failed;
}

std::optional<error_document> read_error_document(const net::response& r) {
    const auto type = net::media_type(r.headers);
    if (r.body.size() > largest) {
        return std::nullopt;
    }
    if (type.ends_with("json")) {
        return from_json(r.body);
    }
    if (type.ends_with("xml") || type.ends_with("plist")) {
        return from_plist(r.body);
    }
    return std::nullopt;
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
