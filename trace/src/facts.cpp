// What only the exact bytes of a message can tell. Computed at capture, before redaction.
#include "document.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "pomona/trace/decode.hpp"
#include "summary_parts.hpp"

#include <nlohmann/json.hpp>

namespace pomona::trace {
namespace {

/// Real headers have less than 4 KB (base64); what is far larger is not worth decoding.
constexpr std::size_t max_signature_header = 256U << 10U;

bool is_malformed(const error& e) {
    return e.code == crypto::errc::malformed;
}

void set_verified(fields& to, const std::string& name, const std::string& signer_name,
                  const result<crypto::verified>& v) {
    if (v) {
        to.set(name, "valid");
        to.set(signer_name, to_hex(v->signer.sha256()));
        if (v->signing_time) {
            to.set(name + "_time", to_rfc3339(*v->signing_time));
        }
    } else {
        to.set(name, is_malformed(v.error()) ? "malformed" : "invalid");
        to.set(name + "_problem", clipped(v.error().detail));
    }
}

/// Mdm-Signature: base64 of a detached CMS over the exact body (Apple, "Managing certificates for
/// MDM servers and devices").
void add_signature(fields& to, const crypto::context& ctx, std::string_view channel,
                   const net::request& what) {
    const auto header = net::find_header(what.headers, mdm::signature_header);
    if (!header) {
        if (channel == "mdm" || channel == "checkin") {
            to.set("signature", "absent");
        }
        return;
    }
    const auto cms = header->size() <= max_signature_header ? from_base64(*header) : std::nullopt;
    if (!cms) {
        to.set("signature", "malformed");
        return;
    }
    set_verified(to, "signature", "signer_certificate",
                 crypto::verify_detached(ctx, *cms, what.body));
}

/// A signed body: MachineInfo, or a profile.
void add_attached(fields& to, const crypto::context& ctx, const std::string& name,
                  bytes_view body) {
    if (!crypto::looks_like_cms(body)) {
        to.set(name, "absent");
        return;
    }
    const auto v = crypto::verify_attached(ctx, body);
    set_verified(to, name, "signer_certificate", v);
    if (v) {
        to.set("chain_length", static_cast<std::int64_t>(v->certificates.size()));
    }
}

void add_keys(fields& to, const plist::dict& d) {
    std::vector<std::string> keys;
    for (const auto& e : d) {
        if (keys.size() < max_list_items) {
            keys.push_back(clipped(e.key));
        }
    }
    to.set("top_level_keys", std::move(keys));
}

} // namespace

fields facts_of_request(const crypto::context& ctx, const net::exchange_context& where,
                        const net::request& what) {
    fields out;
    const auto& channel = where.note.channel;
    out.set("body_bytes", static_cast<std::int64_t>(what.body.size()));
    add_signature(out, ctx, channel, what);
    if (const auto* cert = client_certificate(where)) {
        out.set("client_certificate", to_hex(cert->sha256()));
    }
    if (channel == "enroll") {
        if (!what.body.empty()) {
            add_attached(out, ctx, "body_signature", what.body);
        } else if (const auto header = net::find_header(what.headers, "x-apple-aspen-deviceinfo");
                   header && header->size() <= max_signature_header) {
            const auto cms = from_base64(*header);
            add_attached(out, ctx, "body_signature", cms.value_or(bytes{}));
        }
    }
    return out;
}

fields facts_of_response(const crypto::context& ctx, const net::exchange_context& where,
                         const net::request&, const net::response& what) {
    fields out;
    const auto& channel = where.note.channel;
    out.set("body_bytes", static_cast<std::int64_t>(what.body.size()));
    if (what.body.empty()) {
        return out;
    }
    const auto type = net::media_type(what.headers);
    if (channel == "enroll" && type == mdm::profile_content_type) {
        add_attached(out, ctx, "profile_signature", what.body);
    }
    if (channel == "scep") {
        return out;
    }
    const auto doc = read_document(what.body);
    if (const auto* d = doc.dict()) {
        add_keys(out, *d);
        const auto* command = d->dictionary(mdm::key::command);
        if (const auto* payload = command != nullptr ? command->data("Payload") : nullptr) {
            add_attached(out, ctx, "profile_signature", *payload);
        }
    }
    if (type == mdm::json_content_type || doc.json() != nullptr) {
        out.set("json_valid", doc.json() != nullptr);
    }
    return out;
}

} // namespace pomona::trace
