// com.apple.security.scep (schema mdm/profiles/com.apple.security.scep.yaml): the keys are inside
// PayloadContent.
#include "keys.hpp"

namespace pomona::profile {
namespace {

// Schema, Key Usage: a bit mask of two.
constexpr std::int64_t signing = 1;
constexpr std::int64_t encryption = 4;
/// Choice: what a peer may make a client wait for, whatever the profile says.
constexpr std::int64_t max_retries = 1'000;
constexpr std::int64_t max_retry_delay = 86'400;

/// [[["O","Example"]],[["CN","mac"]]]: RDNs, each a list of attributes, each a type and a value.
void read_rdn(keys& k, const plist::value& rdn, crypto::name& out) {
    const auto* attributes = rdn.get<plist::array>();
    if (!attributes) {
        return k.note(errc::wrong_type, "Subject holds something else than arrays");
    }
    for (const auto& attribute : *attributes) {
        const auto* pair = attribute.get<plist::array>();
        const auto* type = pair && pair->size() == 2 ? (*pair)[0].get<std::string>() : nullptr;
        const auto* text = type ? (*pair)[1].get<std::string>() : nullptr;
        if (!text) {
            return k.note(errc::wrong_type, "Subject holds an attribute that is not two strings");
        }
        out.push_back({*type, *text});
    }
}

/// A string or an array of strings (schema, SubjectAltName).
std::vector<std::string> read_dns_names(keys& k, const plist::dict& alternatives) {
    std::vector<std::string> out;
    const auto* found = alternatives.find("dNSName");
    if (!found) {
        return out;
    }
    if (const auto* one = found->get<std::string>()) {
        out.push_back(*one);
        return out;
    }
    const auto* list = found->get<plist::array>();
    if (!list) {
        k.note(errc::wrong_type, "dNSName is neither a string nor an array");
        return out;
    }
    for (const auto& item : *list) {
        if (const auto* text = item.get<std::string>()) {
            out.push_back(*text);
        } else {
            k.note(errc::wrong_type, "dNSName holds something else than strings");
        }
    }
    return out;
}

crypto::key_usage usage_of(std::int64_t bits) {
    crypto::key_usage out;
    // Observed: a Mac asks for digitalSignature when the payload says nothing.
    out.digital_signature = bits == 0 || (bits & signing) != 0;
    out.key_encipherment = (bits & encryption) != 0;
    return out;
}

std::int64_t bounded(keys& k, std::string_view key, std::int64_t otherwise, std::int64_t most) {
    const auto read = k.integer_or(key, otherwise);
    if (read < 0 || read > most) {
        k.note(errc::unsupported_value,
               std::string{key} + " is not within 0 and " + std::to_string(most));
        return otherwise;
    }
    return read;
}

void read_key_demands(keys& k, scep_payload& out) {
    const auto size = k.integer_or("Keysize", out.key_size);
    // Schema, Keysize: three sizes.
    if (size != 1024 && size != 2048 && size != 4096) {
        k.note(errc::unsupported_value, "Keysize is not 1024, 2048 or 4096");
    } else {
        out.key_size = static_cast<int>(size);
    }
    out.key_type = k.text_or("Key Type", "RSA");
    if (out.key_type != "RSA") {
        k.note(errc::unsupported_value, "Key Type is not RSA");
    }
    out.key_usage = k.integer_or("Key Usage", 0);
    if ((out.key_usage & ~(signing | encryption)) != 0) {
        k.note(errc::unsupported_value, "Key Usage has bits other than 1 and 4");
    }
    out.client.usage = usage_of(out.key_usage);
}

plist::array write_subject(const crypto::name& subject) {
    plist::array out;
    for (const auto& part : subject) {
        plist::array pair{part.type, part.text};
        plist::array rdn;
        rdn.emplace_back(std::move(pair));
        out.emplace_back(std::move(rdn));
    }
    return out;
}

} // namespace

result<scep_payload> read_scep(const payload& p) {
    keys outer{p.content, scep_type};
    if (p.type != scep_type) {
        outer.note(errc::unsupported_value, "PayloadType is another");
    }
    const auto inside = outer.dictionary("PayloadContent");
    if (auto read = outer.outcome(); !read) {
        return std::unexpected(read.error());
    }
    keys k{inside, scep_type};
    scep_payload out;
    auto& client = out.client;
    client.url = k.text("URL");
    client.name = k.text_if_any("Name");
    client.challenge = k.text_if_any("Challenge");
    for (const auto& rdn : k.list_or_empty("Subject")) {
        read_rdn(k, rdn, client.subject);
    }
    if (const auto alternatives = k.dictionary_if_any("SubjectAltName")) {
        client.dns_names = read_dns_names(k, *alternatives);
    }
    client.ca_fingerprint = k.data_or_empty("CAFingerprint");
    const auto octets = client.ca_fingerprint.size();
    if (octets != 0 && octets != 16 && octets != 20 && octets != 32) {
        k.note(errc::unsupported_value, "CAFingerprint is no MD5, SHA-1 or SHA-256");
    }
    client.retries = static_cast<int>(bounded(k, "Retries", 3, max_retries));
    client.retry_delay = std::chrono::seconds{bounded(k, "RetryDelay", 10, max_retry_delay)};
    read_key_demands(k, out);
    if (auto read = k.outcome(); !read) {
        return std::unexpected(read.error());
    }
    return out;
}

plist::dict write_scep(const scep_payload& s) {
    const auto& client = s.client;
    plist::dict inside{{"URL", client.url}};
    if (client.name) {
        inside.set("Name", *client.name);
    }
    if (!client.subject.empty()) {
        inside.set("Subject", write_subject(client.subject));
    }
    if (client.challenge) {
        inside.set("Challenge", *client.challenge);
    }
    inside.set("Keysize", s.key_size);
    inside.set("Key Type", s.key_type);
    inside.set("Key Usage", s.key_usage);
    if (!client.ca_fingerprint.empty()) {
        inside.set("CAFingerprint", client.ca_fingerprint);
    }
    inside.set("Retries", client.retries);
    const auto delay = std::chrono::duration_cast<std::chrono::seconds>(client.retry_delay);
    inside.set("RetryDelay", static_cast<std::int64_t>(delay.count()));
    if (!client.dns_names.empty()) {
        plist::array names;
        for (const auto& name : client.dns_names) {
            names.emplace_back(name);
        }
        inside.set("SubjectAltName", plist::dict{{"dNSName", std::move(names)}});
    }
    return {{"PayloadContent", std::move(inside)}};
}

} // namespace pomona::profile
