#include "ddm/assets.hpp"

#include "answers.hpp"
#include "api/api.hpp"
#include "checkin/put_request.hpp"
#include "checkin/request_identity.hpp"
#include "handlers.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server {
namespace {

constexpr std::string_view path = "/assets/";
constexpr std::size_t longest_name = 256;
constexpr std::string_view any_type = "application/octet-stream";

/// What a declaration of an asset says of it (schema, assets: Reference and Authentication).
nlohmann::json reference_to(const service& s, const std::string& name, const asset& a) {
    return {{"Reference",
             {{"DataURL", s.base_url + std::string{path} + percent_encode(name)},
              {"ContentType", a.media_type},
              {"Size", a.content.size()},
              {"Hash-SHA-256", to_hex(crypto::sha256(a.content))}}},
            {"Authentication", {{"Type", a.for_devices ? "MDM" : "None"}}}};
}

net::task<result<void>> keep(service_ptr s, std::string name, bytes value) {
    std::vector<std::pair<std::string, bytes>> values;
    values.emplace_back(asset_key(name), std::move(value));
    co_return co_await s->keep->set_settings(std::move(values));
}

net::task<net::response> put_asset(api::call c) {
    const auto authentication = c.parameter("authentication");
    if (!authentication.empty() && authentication != "mdm" && authentication != "none") {
        co_return api::error_answer(400, "?authentication= is mdm or none");
    }
    if (c.id.size() > longest_name || c.in.what.body.empty()) {
        co_return api::error_answer(400, "an asset needs a name of at most 256 bytes, and content");
    }
    auto type = net::media_type(c.in.what.headers);
    const asset made{.media_type = type.empty() ? std::string{any_type} : std::move(type),
                     .for_devices = authentication != "none",
                     .content = std::move(c.in.what.body)};
    if (const auto kept = co_await keep(c.s, c.id, write_asset(made)); !kept) {
        co_return failure_answer("keeping an asset", kept.error());
    }
    co_return json_answer(200, reference_to(*c.s, c.id, made).dump());
}

} // namespace

std::string asset_key(const std::string& name) {
    return "asset/" + name;
}

// "MDM text/plain\n", then the content.
bytes write_asset(const asset& a) {
    auto out = to_bytes((a.for_devices ? "MDM " : "None ") + a.media_type + '\n');
    out.insert(out.end(), a.content.begin(), a.content.end());
    return out;
}

std::optional<asset> read_asset(bytes_view stored) {
    const auto text = as_text(stored);
    const auto space = text.find(' ');
    const auto line = text.find('\n');
    if (line == std::string_view::npos || space > line) {
        return std::nullopt;
    }
    return asset{.media_type = std::string{text.substr(space + 1, line - space - 1)},
                 .for_devices = text.substr(0, space) == "MDM",
                 .content = to_bytes(text.substr(line + 1))};
}

/// GET /assets/NAME. Apple, "Authentication" of assets: MDM is the device's identity as in MDM
/// requests; the signature is over an empty body (DDM-033).
net::task<net::response> answer_asset(service_ptr s, net::incoming in) {
    if (in.what.method != "GET") {
        co_return wrong_method("GET");
    }
    const auto name = percent_decode(net::path_of(in.what.target).substr(path.size()));
    if (!name) {
        co_return plain_answer(400, "the name is not well encoded");
    }
    const auto stored = co_await s->keep->setting(asset_key(*name));
    if (!stored) {
        co_return failure_answer("reading an asset", stored.error());
    }
    auto found = read_asset(*stored);
    if (!found) {
        co_return plain_answer(404, "there is no such asset");
    }
    if (found->for_devices) {
        const auto who = identify(s->world.crypto(), in.connection->peer_chain, in.what,
                                  s->identity_roots, s->world.now(), s->devices);
        if (const auto* refused = std::get_if<identity_refusal>(&who)) {
            co_return plain_answer(refused->status, refused->text);
        }
    }
    co_return answer_with(200, found->media_type, std::move(found->content));
}

net::task<net::response> api::assets(call c) {
    if (c.id.empty()) {
        co_return error_answer(404, "an asset has a name: /v1/assets/NAME");
    }
    if (c.method() == "PUT") {
        co_return co_await put_asset(std::move(c));
    }
    if (c.method() != "GET" && c.method() != "DELETE") {
        co_return wrong_method("GET, PUT, DELETE");
    }
    const auto stored = co_await c.s->keep->setting(asset_key(c.id));
    if (!stored) {
        co_return failure_answer("reading an asset", stored.error());
    }
    const auto found = read_asset(*stored);
    if (!found) {
        co_return error_answer(404, "there is no such asset");
    }
    if (c.method() == "GET") {
        co_return json_answer(200, reference_to(*c.s, c.id, *found).dump());
    }
    if (const auto gone = co_await keep(c.s, c.id, {}); !gone) {
        co_return failure_answer("deleting an asset", gone.error());
    }
    co_return empty_answer(204);
}

} // namespace pomona::server
