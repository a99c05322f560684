#include "answers.hpp"
#include "api/api.hpp"
#include "ddm/notify.hpp"
#include "ddm/tokens.hpp"
#include "pomona/foundation/sqlite.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <nlohmann/json.hpp>

namespace pomona::server::api {
namespace {

constexpr std::size_t max_name = 256;

net::response list_answer(const result<std::vector<std::string>>& all) {
    if (!all) {
        return failure_answer("listing", all.error());
    }
    const nlohmann::json out = *all;
    return json_answer(200, out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

bool good_name(const std::string& name) {
    return !name.empty() && name.size() <= max_name;
}

/// KMFDDM: 204 when something changed, 304 when not. Then those concerned are told, unless
/// ?nonotify=1.
net::task<net::response> changed_answer(call c, result<bool> changed,
                                        result<std::vector<enrollment_id>> concerned) {
    if (!changed || !concerned) {
        co_return failure_answer("changing declarations",
                                 changed ? concerned.error() : changed.error());
    }
    if (!*changed) {
        co_return empty_answer(304);
    }
    if (!c.flag("nonotify")) {
        co_await notify_enrollments(c.s, std::move(*concerned), c.in.event);
    }
    co_return empty_answer(204);
}

net::task<net::response> put_declaration(call c) {
    // Choice: the token in the upload is ignored; the content decides (DDM-012).
    auto read = ddm::parse_declaration(c.in.what.body, false);
    if (!read) {
        co_return error_answer(400, read.error().message());
    }
    stored_declaration d{read->identifier, read->type, {}, read->payload};
    d.server_token = server_token(d);
    const auto identifier = d.identifier;
    auto changed = co_await c.s->keep->put_declaration(std::move(d));
    auto concerned = co_await c.s->keep->affected_by_declaration(identifier);
    co_return co_await changed_answer(std::move(c), std::move(changed), std::move(concerned));
}

net::task<net::response> delete_declaration(call c) {
    auto concerned = co_await c.s->keep->affected_by_declaration(c.id);
    auto changed = co_await c.s->keep->delete_declaration(c.id);
    co_return co_await changed_answer(std::move(c), std::move(changed), std::move(concerned));
}

} // namespace

net::task<net::response> declarations(call c) {
    if (c.id.empty()) {
        if (c.method() == "PUT") {
            co_return co_await put_declaration(std::move(c));
        }
        if (c.method() == "GET") {
            co_return list_answer(co_await c.s->keep->declaration_ids());
        }
        co_return wrong_method("GET, PUT");
    }
    if (c.method() == "DELETE") {
        co_return co_await delete_declaration(std::move(c));
    }
    if (c.method() != "GET") {
        co_return wrong_method("GET, DELETE");
    }
    const auto found = co_await c.s->keep->declaration(c.id);
    if (!found) {
        co_return failure_answer("reading a declaration", found.error());
    }
    if (!*found) {
        co_return error_answer(404, "there is no such declaration");
    }
    const auto& d = **found;
    co_return answer_with(200, mdm::json_content_type,
                          ddm::write_declaration({.type = d.type,
                                                  .identifier = d.identifier,
                                                  .server_token = d.server_token,
                                                  .payload = d.payload}));
}

net::task<net::response> sets(call c) {
    if (c.method() != "GET") {
        co_return wrong_method("GET");
    }
    co_return list_answer(co_await c.s->keep->sets());
}

net::task<net::response> set_declarations(call c) {
    if (c.method() == "GET") {
        co_return list_answer(co_await c.s->keep->declarations_of_set(c.id));
    }
    if (c.method() != "PUT" && c.method() != "DELETE") {
        co_return wrong_method("GET, PUT, DELETE");
    }
    const auto declaration = c.parameter("declaration");
    if (!good_name(c.id) || !good_name(declaration)) {
        co_return error_answer(400, "a set and ?declaration= are needed");
    }
    auto changed = co_await c.s->keep->set_member(c.id, declaration, c.method() == "PUT");
    if (!changed && changed.error().code == sqlite::errc::constraint) {
        co_return error_answer(404, "there is no such declaration");
    }
    auto concerned = co_await c.s->keep->affected_by_set(c.id);
    co_return co_await changed_answer(std::move(c), std::move(changed), std::move(concerned));
}

net::task<net::response> enrollment_sets(call c) {
    if (c.method() == "GET") {
        co_return list_answer(co_await c.s->keep->sets_of_enrollment(enrollment_id{c.id}));
    }
    if (c.method() != "PUT" && c.method() != "DELETE") {
        co_return wrong_method("GET, PUT, DELETE");
    }
    const auto set = c.parameter("set");
    if (!good_name(c.id) || !good_name(set)) {
        co_return error_answer(400, "an enrollment and ?set= are needed");
    }
    const enrollment_id id{c.id};
    auto changed = co_await c.s->keep->enrollment_set(id, set, c.method() == "PUT");
    std::vector<enrollment_id> concerned{id};
    co_return co_await changed_answer(std::move(c), std::move(changed), std::move(concerned));
}

} // namespace pomona::server::api
