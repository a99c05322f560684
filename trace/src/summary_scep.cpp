// SCEP exchanges (RFC 8894): operations, capabilities, and the outside of pkiMessages.
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/scep/message.hpp"
#include "summary_parts.hpp"

#include <nlohmann/json.hpp>

namespace pomona::trace {
namespace {

constexpr std::size_t max_message = 4U << 20U;

std::string operation_of(const net::request& what) {
    return clipped(net::query_parameter(what.target, "operation").value_or(""));
}

/// The pkiMessage of a request: the body of a POST, `message` of a GET. Reading has to be liberal:
/// clients escape the base64 in several ways (RFC 8894 section 4.1 and errata).
bytes message_of(const net::request& what) {
    if (what.method == "POST") {
        return what.body;
    }
    const auto text = net::query_parameter(what.target, "message");
    return text ? from_base64_liberal(*text, true).value_or(bytes{}) : bytes{};
}

std::string type_name(scep::message_type type) {
    return type == scep::message_type::cert_rep ? "CertRep" : std::string{scep::to_text(type)};
}

std::string status_name(scep::pki_status status) {
    switch (status) {
    case scep::pki_status::success:
        return "SUCCESS";
    case scep::pki_status::failure:
        return "FAILURE";
    case scep::pki_status::pending:
        return "PENDING";
    }
    return {};
}

void add_message(fields& to, const crypto::context& ctx, bytes_view der) {
    if (der.empty() || der.size() > max_message) {
        return;
    }
    const auto m = scep::open_message(ctx, der);
    if (!m) {
        to.set("signature", m.error().code == scep::errc::bad_signature ? "invalid" : "unreadable");
        if (const auto a = scep::read_addressing(ctx, der)) {
            to.set("transactionID", clipped(a->transaction_id));
            to.set("senderNonce", clipped(to_hex(a->sender_nonce)));
            to.set("signer", to_hex(a->signer.sha256()));
        }
        return;
    }
    to.set("messageType", type_name(m->type));
    if (m->status) {
        to.set("pkiStatus", status_name(*m->status));
    }
    if (m->failure) {
        to.set("failInfo", std::string{scep::to_text(*m->failure)});
    }
    if (m->failure_text) {
        to.set("failInfoText", clipped(*m->failure_text));
    }
    to.set("transactionID", clipped(m->transaction_id));
    to.set("senderNonce", clipped(to_hex(m->sender_nonce)));
    if (m->recipient_nonce) {
        to.set("recipientNonce", clipped(to_hex(*m->recipient_nonce)));
    }
    to.set("signature", "valid");
    to.set("signer", to_hex(m->signer.sha256()));
    to.set("signer_self_signed", m->signer.is_self_signed());
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty() && out.size() < max_list_items) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        while (!line.empty() &&
               (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
            line.remove_suffix(1);
        }
        if (!line.empty()) {
            out.push_back(clipped(line));
        }
    }
    return out;
}

void add_ca_certificates(fields& to, const crypto::context& ctx, bytes_view body) {
    std::vector<std::string> hashes;
    if (const auto one = crypto::certificate::from_der(ctx, body)) {
        hashes.push_back(to_hex(one->sha256()));
    } else if (const auto many = scep::read_certs_only(ctx, body)) {
        for (const auto& c : *many) {
            if (hashes.size() < max_list_items) {
                hashes.push_back(to_hex(c.sha256()));
            }
        }
    }
    to.set("certificates", std::move(hashes));
}

} // namespace

fields scep_request(const crypto::context& ctx, const net::request& what) {
    fields out;
    const auto operation = operation_of(what);
    out.set("operation", operation);
    if (operation == "PKIOperation") {
        const auto message = message_of(what);
        out.set("message_bytes", static_cast<std::int64_t>(message.size()));
        add_message(out, ctx, message);
    }
    return out;
}

fields scep_response(const crypto::context& ctx, const net::request& to,
                     const net::response& what) {
    fields out;
    const auto operation = operation_of(to);
    out.set("operation", operation);
    if (const auto type = net::find_header(what.headers, "Content-Type")) {
        out.set("content_type", clipped(*type));
    }
    if (what.status != 200) {
        return out;
    }
    if (operation == "GetCACaps") {
        out.set("caps", words_of(as_text(what.body)));
    } else if (operation == "GetCACert") {
        add_ca_certificates(out, ctx, what.body);
    } else if (operation == "PKIOperation") {
        add_message(out, ctx, what.body);
    }
    return out;
}

} // namespace pomona::trace
