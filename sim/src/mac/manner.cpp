#include "pomona/sim/mac/manner.hpp"

#include <array>
#include <utility>

namespace pomona::sim::mac {
namespace {

template <class T, std::size_t N>
using name_table = std::array<std::pair<T, std::string_view>, N>;

constexpr name_table<presentation, 5> presentations{{{presentation::usual, "usual"},
                                                     {presentation::tls, "tls"},
                                                     {presentation::signature, "signature"},
                                                     {presentation::both, "both"},
                                                     {presentation::header, "header"}}};
constexpr name_table<certificate_header_form, 2> header_forms{
    {{certificate_header_form::rfc9440, "rfc9440"},
     {certificate_header_form::escaped_pem, "escaped-pem"}}};
constexpr name_table<retry_manner, 3> retry_manners{{{retry_manner::apple, "apple"},
                                                     {retry_manner::eager, "eager"},
                                                     {retry_manner::patient, "patient"}}};
constexpr name_table<scep_dialect, 3> scep_dialects{{{scep_dialect::apple, "apple"},
                                                     {scep_dialect::apple_old, "apple-old"},
                                                     {scep_dialect::rfc8894, "rfc8894"}}};
constexpr name_table<device_chain, 3> device_chains{{{device_chain::usual, "usual"},
                                                     {device_chain::intermediate, "intermediate"},
                                                     {device_chain::whole, "whole"}}};
constexpr name_table<device_digest, 2> device_digests{
    {{device_digest::sha256, "sha256"}, {device_digest::sha1, "sha1"}}};

template <class T, std::size_t N>
std::string_view name_in(const name_table<T, N>& table, T value) {
    for (const auto& [one, name] : table) {
        if (one == value) {
            return name;
        }
    }
    return "";
}
template <class T, std::size_t N>
std::optional<T> find_in(const name_table<T, N>& table, std::string_view text) {
    for (const auto& [one, name] : table) {
        if (name == text) {
            return one;
        }
    }
    return std::nullopt;
}
template <class T, std::size_t N>
std::vector<std::string> names_in(const name_table<T, N>& table) {
    std::vector<std::string> out;
    for (const auto& [one, name] : table) {
        out.emplace_back(name);
    }
    return out;
}

/// The saved name under `key`, when there is one; false: nobody knows it.
template <class T>
bool take(const plist::dict& saved, std::string_view key,
          std::optional<T> (*find)(std::string_view), T& into) {
    const auto* text = saved.string(key);
    if (text == nullptr) {
        return true;
    }
    const auto known = find(*text);
    into = known.value_or(into);
    return known.has_value();
}

} // namespace

std::string_view to_text(presentation p) {
    return name_in(presentations, p);
}
std::optional<presentation> find_presentation(std::string_view text) {
    return find_in(presentations, text);
}
std::vector<std::string> presentation_names() {
    return names_in(presentations);
}

std::string_view to_text(certificate_header_form f) {
    return name_in(header_forms, f);
}
std::optional<certificate_header_form> find_certificate_header_form(std::string_view text) {
    return find_in(header_forms, text);
}
std::vector<std::string> certificate_header_form_names() {
    return names_in(header_forms);
}

std::string_view to_text(retry_manner r) {
    return name_in(retry_manners, r);
}
std::optional<retry_manner> find_retry_manner(std::string_view text) {
    return find_in(retry_manners, text);
}
std::vector<std::string> retry_manner_names() {
    return names_in(retry_manners);
}

std::string_view to_text(scep_dialect d) {
    return name_in(scep_dialects, d);
}
std::optional<scep_dialect> find_scep_dialect(std::string_view text) {
    return find_in(scep_dialects, text);
}
std::vector<std::string> scep_dialect_names() {
    return names_in(scep_dialects);
}

std::string_view to_text(device_chain c) {
    return name_in(device_chains, c);
}
std::optional<device_chain> find_device_chain(std::string_view text) {
    return find_in(device_chains, text);
}
std::vector<std::string> device_chain_names() {
    return names_in(device_chains);
}

std::string_view to_text(device_digest d) {
    return name_in(device_digests, d);
}
std::optional<device_digest> find_device_digest(std::string_view text) {
    return find_in(device_digests, text);
}
std::vector<std::string> device_digest_names() {
    return names_in(device_digests);
}

plist::dict manner::save() const {
    return {{"present", to_text(present)},
            {"certificate_header", certificate_header},
            {"header_form", to_text(header_form)},
            {"retry", to_text(retry)},
            {"scep", to_text(scep)},
            {"device_chain", to_text(device_chain)},
            {"device_digest", to_text(device_digest)}};
}

result<manner> manner::load(const plist::dict& saved) {
    manner out;
    if (const auto* name = saved.string("certificate_header")) {
        out.certificate_header = *name;
    }
    if (!take(saved, "present", find_presentation, out.present) ||
        !take(saved, "header_form", find_certificate_header_form, out.header_form) ||
        !take(saved, "retry", find_retry_manner, out.retry) ||
        !take(saved, "scep", find_scep_dialect, out.scep) ||
        !take(saved, "device_chain", find_device_chain, out.device_chain) ||
        !take(saved, "device_digest", find_device_digest, out.device_digest)) {
        return fail(std::make_error_code(std::errc::invalid_argument),
                    "the saved manner of a Mac has a word that this version does not know");
    }
    return out;
}

} // namespace pomona::sim::mac
