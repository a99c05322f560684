#include "answers.hpp"
#include "ddm/notify.hpp"
#include "ddm/tokens.hpp"
#include "handlers.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pomona::server {
namespace {

using what = ddm::endpoint::what;

std::optional<net::response> denied(access verdict) {
    if (verdict == access::unrecognized) {
        return unrecognized_answer();
    }
    if (verdict == access::refused) {
        return plain_answer(403, "this certificate belongs to another enrollment");
    }
    return std::nullopt;
}

net::response json_bytes(bytes document) {
    return answer_with(200, mdm::json_content_type, std::move(document)); // DDM-025
}

net::task<net::response> answer_status(service_ptr s, presented who, bytes report) {
    auto merged = co_await s->keep->merge_status(std::move(who), std::move(report));
    if (!merged) {
        co_return failure_answer("a status report", merged.error());
    }
    if (auto refused = denied(merged->first)) {
        co_return std::move(*refused);
    }
    co_return merged->second ? empty_answer()                                    // DDM-017
                             : plain_answer(400, "Data is not a status report"); // DDM-023
}

net::task<net::response> answer_declaration(service_ptr s, const declared d, ddm::endpoint asked) {
    if (s->options.bugs.has(defect::declaration_refused) && asked.kind == ddm::kind::activation) {
        co_return plain_answer(400, "the scope has changed");
    }
    const auto missing = plain_answer(404, "there is no such declaration for this enrollment");
    const auto item = std::ranges::find(d.items, asked.identifier, &stored_declaration::identifier);
    // DDM-011: a known identifier under another kind is as unknown as any.
    if (item == d.items.end() || ddm::kind_of(item->type) != asked.kind) {
        co_return missing;
    }
    auto found = co_await s->keep->declaration(asked.identifier);
    if (!found) {
        co_return failure_answer("reading a declaration", found.error());
    }
    if (!*found) {
        co_return missing;
    }
    co_return json_bytes(ddm::write_declaration({.type = (*found)->type,
                                                 .identifier = (*found)->identifier,
                                                 .server_token = (*found)->server_token,
                                                 .payload = (*found)->payload}));
}

} // namespace

net::task<net::response> answer_declarative(service_ptr s, presented who,
                                            mdm::declarative_management message) {
    auto asked = ddm::parse_endpoint(message.endpoint);
    if (!asked) {
        co_return plain_answer(400, "unknown Endpoint"); // DDM-024
    }
    if (asked->target == what::status) {
        co_return co_await answer_status(s, std::move(who), message.data.value_or(bytes{}));
    }
    auto read = co_await s->keep->declared_for_device(std::move(who));
    if (!read) {
        co_return failure_answer("reading declarations", read.error());
    }
    if (auto refused = denied(read->first)) {
        co_return std::move(*refused);
    }
    if (asked->target == what::tokens) {
        co_return json_bytes(ddm::write_tokens(tokens_of(read->second)));
    }
    if (asked->target == what::declaration_items) {
        auto manifest = manifest_of(read->second);
        if (s->options.bugs.has(defect::declarations_tokens_disagree)) {
            manifest.declarations_token = to_hex(crypto::sha256(as_bytes(read->second.token)));
        }
        co_return json_bytes(ddm::write_manifest(manifest));
    }
    co_return co_await answer_declaration(s, std::move(read->second), std::move(*asked));
}

net::task<void> notify_enrollments(service_ptr s, std::vector<enrollment_id> ids,
                                   std::uint64_t cause) {
    std::vector<command_uuid> uuids;
    uuids.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        uuids.emplace_back(s->world.random_uuid());
    }
    const auto queued =
        co_await s->keep->enqueue_declarative(ids, std::move(uuids), s->world.now());
    if (!queued) {
        spdlog::error("telling of changed declarations failed: {}", queued.error().message());
        co_return;
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if ((*queued)[i] == enqueue_outcome::queued) {
            static_cast<void>(s->push->push(ids[i], cause, true));
        }
    }
}

} // namespace pomona::server
