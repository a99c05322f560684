#include "pomona/protocol/mdm/user_authenticate.hpp"

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"
#include "pomona/protocol/mdm/checkin.hpp"

#include <cctype>
#include <map>

namespace pomona::mdm {
namespace {

constexpr std::size_t longest = 4096;
/// Choice: Apple names the inputs of the hash but not its method; the message is a PUT.
constexpr std::string_view method = "PUT";
/// Observed (Apple's protocol reference, example): the response names the root.
constexpr std::string_view root = "/";

using parameters = std::map<std::string, std::string, std::less<>>;

char lower(char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out) {
        c = lower(c);
    }
    return out;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// Takes blanks (and commas, when asked) off the front.
void skip(std::string_view& text, bool commas) {
    while (!text.empty() && (is_blank(text.front()) || (commas && text.front() == ','))) {
        text.remove_prefix(1);
    }
}

/// A quoted string without its escapes, or a token; false: not closed.
bool take_value(std::string_view& text, std::string& out) {
    if (text.empty() || text.front() != '"') {
        const auto end = std::min(text.find_first_of(", \t"), text.size());
        out = text.substr(0, end);
        text.remove_prefix(end);
        return true;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1) {
            text.remove_prefix(1);
        }
        out += text.front();
        text.remove_prefix(1);
    }
    if (text.empty()) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

/// RFC 7235 section 2.1: a scheme, then name=value with commas between.
result<parameters> read(std::string_view text) {
    constexpr std::string_view scheme = "digest";
    if (text.size() > longest) {
        return fail(errc::malformed, "the Digest text is too long");
    }
    skip(text, false);
    if (lower(text.substr(0, scheme.size())) != scheme) {
        return fail(errc::malformed, "the scheme is not Digest");
    }
    text.remove_prefix(scheme.size());
    if (text.empty() || !is_blank(text.front())) {
        return fail(errc::malformed, "the scheme is not Digest");
    }
    parameters out;
    for (skip(text, true); !text.empty(); skip(text, true)) {
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) {
            return fail(errc::malformed, "a Digest parameter has no value");
        }
        auto name = lower(text.substr(0, equals));
        while (!name.empty() && is_blank(name.back())) {
            name.pop_back();
        }
        text.remove_prefix(equals + 1);
        skip(text, false);
        std::string value;
        if (!take_value(text, value) || !out.emplace(std::move(name), std::move(value)).second) {
            return fail(errc::malformed, "a Digest parameter is not closed, or there twice");
        }
    }
    return out;
}

result<std::string> one(const parameters& all, std::string_view name) {
    const auto found = all.find(name);
    if (found == all.end()) {
        return fail(errc::missing_key, "the Digest text has no " + std::string{name});
    }
    return found->second;
}

std::string quoted(std::string_view name, std::string_view value) {
    std::string out{name};
    out += "=\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

std::string md5_hex(std::string_view text) {
    return to_hex(crypto::md5(as_bytes(text)));
}

std::string joined(std::string_view a, std::string_view b, std::string_view c) {
    std::string out{a};
    out.append(":").append(b).append(":").append(c);
    return out;
}

} // namespace

result<digest_challenge> parse_digest_challenge(std::string_view text) {
    const auto all = read(text);
    if (!all) {
        return std::unexpected(all.error());
    }
    if (const auto algorithm = all->find("algorithm");
        algorithm != all->end() && lower(algorithm->second) != "md5") {
        return fail(errc::malformed, "the Digest algorithm is not MD5", algorithm->second);
    }
    auto nonce = one(*all, "nonce");
    auto realm = one(*all, "realm");
    if (!nonce || !realm) {
        return std::unexpected(!nonce ? nonce.error() : realm.error());
    }
    return digest_challenge{*std::move(nonce), *std::move(realm)};
}

std::string write_digest_challenge(const digest_challenge& c) {
    return "Digest " + quoted("nonce", c.nonce) + ',' + quoted("realm", c.realm);
}

result<digest_response> parse_digest_response(std::string_view text) {
    const auto all = read(text);
    if (!all) {
        return std::unexpected(all.error());
    }
    digest_response out;
    for (const auto& [name, to] : {std::pair{"username", &out.username},
                                   {"realm", &out.realm},
                                   {"nonce", &out.nonce},
                                   {"uri", &out.uri},
                                   {"response", &out.response}}) {
        auto value = one(*all, name);
        if (!value) {
            return std::unexpected(std::move(value.error()));
        }
        *to = *std::move(value);
    }
    out.response = lower(out.response);
    return out;
}

std::string write_digest_response(const digest_response& r) {
    return "Digest " + quoted("username", r.username) + ',' + quoted("realm", r.realm) + ',' +
           quoted("nonce", r.nonce) + ',' + quoted("uri", r.uri) + ',' +
           quoted("response", r.response);
}

std::string digest_secret(std::string_view username, std::string_view realm,
                          std::string_view password) {
    return md5_hex(joined(username, realm, password));
}

std::string digest_hash(std::string_view secret, std::string_view nonce, std::string_view uri) {
    std::string what{method};
    what.append(":").append(uri);
    return md5_hex(joined(secret, nonce, md5_hex(what)));
}

digest_response answer_digest(const digest_challenge& challenge, std::string_view username,
                              std::string_view password) {
    const auto secret = digest_secret(username, challenge.realm, password);
    return {.username = std::string{username},
            .realm = challenge.realm,
            .nonce = challenge.nonce,
            .uri = std::string{root},
            .response = digest_hash(secret, challenge.nonce, root)};
}

bool is_right_digest(const digest_response& r, const digest_challenge& challenge,
                     std::string_view secret) {
    const auto expected = digest_hash(secret, challenge.nonce, r.uri);
    return r.nonce == challenge.nonce && r.realm == challenge.realm &&
           crypto::equal_constant_time(as_bytes(expected), as_bytes(r.response));
}

} // namespace pomona::mdm
