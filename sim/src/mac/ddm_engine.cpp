#include "mac/ddm_engine.hpp"

#include <algorithm>
#include <array>

namespace pomona::sim::mac {
namespace {

/// Observed (F1): activations before configurations.
constexpr std::array fetch_order{ddm::kind::activation, ddm::kind::configuration, ddm::kind::asset,
                                 ddm::kind::management};
/// Choice: a server whose token never settles does not hold the Mac in one synchronisation.
constexpr int most_rounds = 5;

} // namespace

std::optional<ddm_request> ddm_engine::start(const std::optional<bytes>& tokens) {
    rounds_ = 0;
    problem_.clear();
    to_fetch_.clear();
    if (tokens) { // DDM-035: with Data there is no tokens request
        if (const auto read = ddm::parse_tokens(*tokens)) {
            return take_tokens(*read);
        }
        // Choice: unusable Data is as good as none.
    }
    return ask(ddm::endpoint::what::tokens, state::tokens);
}

std::optional<ddm_request> ddm_engine::on_answer(unsigned status, bytes_view body) {
    const bool ok = status == 200;
    switch (state_) {
    case state::tokens: {
        if (!ok) {
            return fail("tokens: HTTP " + std::to_string(status));
        }
        const auto read = ddm::parse_tokens(body);
        return read ? take_tokens(*read) : fail("tokens: " + read.error().message());
    }
    case state::items:
        return ok ? take_manifest(body) : fail("declaration-items: HTTP " + std::to_string(status));
    case state::declaration:
        return take_declaration(status, body);
    case state::status:
        state_ = state::over;
        if (!ok) { // DDM-059: what it said stays due
            return fail("status: HTTP " + std::to_string(status));
        }
        reported_ = std::move(in_flight_);
        report_due_ = false;
        return std::nullopt;
    case state::over:
        break;
    }
    return std::nullopt;
}

void ddm_engine::on_failure() {
    fail("no answer");
}

std::optional<ddm_request> ddm_engine::take_tokens(const ddm::tokens& t) {
    if (t.declarations_token == token_ && !token_.empty()) { // DDM-036
        return report();
    }
    if (rounds_ == most_rounds) {
        return report();
    }
    ++rounds_;
    return ask(ddm::endpoint::what::declaration_items, state::items);
}

std::optional<ddm_request> ddm_engine::take_manifest(bytes_view body) {
    auto read = ddm::parse_manifest(body);
    if (!read) {
        return fail("declaration-items: " + read.error().message());
    }
    manifest_ = *std::move(read);
    for (const auto k : fetch_order) {
        for (const auto& item : manifest_.items(k)) {
            const auto* have = held_.find(k, item.identifier);
            if (have == nullptr || have->server_token != item.server_token) { // DDM-037
                to_fetch_.push_back({.target = ddm::endpoint::what::declaration,
                                     .kind = k,
                                     .identifier = item.identifier});
            }
        }
    }
    return fetch_next();
}

std::optional<ddm_request> ddm_engine::fetch_next() {
    if (to_fetch_.empty()) {
        return apply();
    }
    state_ = state::declaration;
    return ddm_request{.where = to_fetch_.front(), .data = {}};
}

std::optional<ddm_request> ddm_engine::take_declaration(unsigned status, bytes_view body) {
    const auto asked = to_fetch_.front();
    auto& list = held_.of(asked.kind);
    const auto place = std::ranges::find(list, asked.identifier, &ddm::declaration::identifier);
    if (status == 404) { // DDM-039
        if (place != list.end()) {
            list.erase(place);
        }
        report_due_ = true;
    } else if (status != 200) {
        return fail("declaration " + asked.identifier + ": HTTP " + std::to_string(status));
    } else {
        auto read = ddm::parse_declaration(body);
        if (!read) {
            return fail("declaration " + asked.identifier + ": " + read.error().message());
        }
        // Type and Identifier have to be those asked for.
        if (read->identifier != asked.identifier || read->kind() != asked.kind) {
            return fail("declaration " + asked.identifier + ": another one came");
        }
        if (place == list.end()) {
            list.push_back(*std::move(read));
        } else {
            *place = *std::move(read);
        }
    }
    to_fetch_.pop_front();
    return fetch_next();
}

std::optional<ddm_request> ddm_engine::apply() {
    for (const auto k : fetch_order) {
        const auto& wanted = manifest_.items(k);
        std::erase_if(held_.of(k), [&](const ddm::declaration& d) { // DDM-038
            return std::ranges::find(wanted, d.identifier, &ddm::manifest_item::identifier) ==
                   wanted.end();
        });
    }
    token_ = manifest_.declarations_token;
    manifest_ = {};
    report_due_ = true;
    return ask(ddm::endpoint::what::tokens, state::tokens);
}

std::optional<ddm_request> ddm_engine::report() {
    if (!report_due_) {
        state_ = state::over;
        return std::nullopt;
    }
    auto next = build_status(evaluate(held_, machine_->kind), *machine_, reported_);
    if (!next) {
        report_due_ = false;
        state_ = state::over;
        return std::nullopt;
    }
    in_flight_ = std::move(next->says);
    state_ = state::status;
    return ddm_request{
        .where = {.target = ddm::endpoint::what::status, .kind = {}, .identifier = {}},
        .data = std::move(next->json)};
}

std::optional<ddm_request> ddm_engine::fail(std::string why) {
    problem_ = std::move(why);
    state_ = state::over;
    to_fetch_.clear();
    return std::nullopt;
}

std::optional<ddm_request> ddm_engine::ask(ddm::endpoint::what target, state next) {
    state_ = next;
    return ddm_request{.where = {.target = target, .kind = {}, .identifier = {}}, .data = {}};
}

} // namespace pomona::sim::mac
