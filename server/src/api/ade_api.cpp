#include "answers.hpp"
#include "api/api.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "pomona/protocol/plist/codec.hpp"

namespace pomona::server::api {

net::task<net::response> ade(call c) {
    if (c.method() == "GET") {
        co_return answer_with(200, mdm::xml_content_type,
                              plist::to_xml(write_ade_settings(c.s->ade)));
    }
    if (c.method() != "PUT") {
        co_return wrong_method("GET, PUT");
    }
    const auto document = plist::parse_dict(c.in.what.body);
    if (!document) {
        co_return error_answer(400, "the body is no property list: " + document.error().message());
    }
    auto settings = read_ade_settings(*document);
    if (!settings) {
        co_return error_answer(400, settings.error());
    }
    std::vector<std::pair<std::string, bytes>> values;
    values.emplace_back(ade_setting, plist::to_xml(write_ade_settings(*settings)));
    if (auto kept = co_await c.s->keep->set_settings(std::move(values)); !kept) {
        co_return failure_answer("keeping the settings of ADE", kept.error());
    }
    c.s->ade = *std::move(settings);
    co_return empty_answer(204);
}

} // namespace pomona::server::api
