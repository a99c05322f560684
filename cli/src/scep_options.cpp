#include "scep_options.hpp"

#include "pomona/net/http.hpp"
#include "pomona/protocol/crypto/certificate.hpp"

#include <fstream>
#include <iterator>

namespace pomona::cli {
namespace {

constexpr std::size_t max_certificate_file = 64U << 10U;

std::expected<std::string, exit_code> read_ca(const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in.good() && text.empty()) {
        return std::unexpected(usage_error("--scep-ca: cannot read " + file));
    }
    const auto certs =
        text.size() <= max_certificate_file
            ? crypto::certificate::from_pem(crypto::context::system(), as_bytes(text))
            : fail(crypto::errc::too_large, "certificate file");
    if (!certs) {
        return std::unexpected(
            usage_error("--scep-ca: " + file + " is no PEM certificate: " + certs.error().message(),
                        "convert a DER file: openssl x509 -inform der -in FILE"));
    }
    return text;
}

} // namespace

option scep_legacy_option() {
    return {
        "scep-legacy", 0, "", "Permits single DES and SHA-1 for SCEP peers that know no better", "",
        false};
}

std::vector<option> scep_server_options() {
    return {
        scep_legacy_option(),
        {"scep-http-port", 0, "PORT", "Offers SCEP without TLS too, on this port; 0: a free one",
         "", false},
        {"scep-url", 0, "URL", "Another SCEP CA that gives the Macs their identities", "", false},
        {"scep-ca", 0, "FILE", "The certificate of that CA, PEM", "", false},
        {"scep-challenge", 0, "TEXT", "The challenge that CA wants", "", false}};
}

std::expected<void, exit_code> read_scep_options(const settings& s, const std::string& bind,
                                                 stack::stack_options& out) {
    out.scep_legacy = s.flag("scep-legacy");
    const auto port = s.number("scep-http-port", 0, 65535);
    if (!port) {
        return std::unexpected(port.error());
    }
    if (*port) {
        out.scep_http_bind = net::endpoint{bind, static_cast<std::uint16_t>(**port)};
    }
    const auto url = s.text("scep-url");
    const auto ca = s.text("scep-ca");
    if (!url && !ca && !s.text("scep-challenge")) {
        return {};
    }
    if (!url || !ca) {
        return std::unexpected(usage_error("--scep-url and --scep-ca go together",
                                           "the server has to know which CA signs the identities"));
    }
    if (const auto parsed = net::parse_url(*url); !parsed) {
        return std::unexpected(usage_error("--scep-url: " + parsed.error().message()));
    }
    auto pem = read_ca(*ca);
    if (!pem) {
        return std::unexpected(pem.error());
    }
    out.other_ca = stack::scep_ca{*url, *std::move(pem), s.text("scep-challenge").value_or("")};
    return {};
}

} // namespace pomona::cli
