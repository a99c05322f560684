#include "mac/ddm/engine.hpp"

#include "mac/ddm/catalogue.hpp"
#include "mac/policy.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

using nlohmann::json;

/// Choice: a server whose token never settles does not hold the Mac in one synchronisation.
constexpr int most_rounds = 5;
/// Choice: applying may change what predicates read, but not for ever.
constexpr int most_judgements = 4;

constexpr std::string_view capabilities_item = "management.client-capabilities";
constexpr std::string_view declarations_item = "management.declarations";
constexpr std::string_view error_item = "test.error-value"; // there to have an error to look at

} // namespace

/// What predicates read: any status item of this Mac, subscribed or not, and the properties.
class ddm_engine::reader final : public predicate::source {
  public:
    explicit reader(const ddm_engine& e) : engine_{&e} {}
    [[nodiscard]] std::optional<json> status(std::string_view item) const override {
        return engine_->value_of(item);
    }
    [[nodiscard]] std::optional<json> property(std::string_view name) const override {
        return engine_->property(name);
    }

  private:
    const ddm_engine* engine_;
};

std::optional<ddm_request> ddm_engine::start(const std::optional<bytes>& tokens) {
    rounds_ = 0;
    problem_.clear();
    to_fetch_.clear();
    to_download_.clear();
    documents_.drop_failed();
    attempt_failed_ = false;
    sync_failed_ = true; // until the token is known to be that of the set
    if (tokens) {        // DDM-035: with Data there is no tokens request
        if (const auto read = ddm::parse_tokens(*tokens)) {
            return take_tokens(*read);
        }
        // Choice: unusable Data is as good as none.
    }
    return ask(ddm::endpoint::what::tokens, state::tokens);
}

std::optional<ddm_request> ddm_engine::look_again() {
    if (!is_over()) {
        return std::nullopt;
    }
    const bool due = host_->now() >= next_due();
    if (sync_failed_) { // what is held is not what the server declares: nothing is told about it
        return due ? start(std::nullopt) : std::nullopt;
    }
    if (due) {
        documents_.drop_failed();
    }
    problem_.clear();
    attempt_failed_ = false;
    asks_again_ = false;
    return settle();
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
        if (!ok) { // DDM-059: what it said stays due
            return fail("status: HTTP " + std::to_string(status));
        }
        reported_ = std::move(in_flight_);
        if (full_now_ || !last_full_) {
            last_full_ = host_->now();
        }
        return finish();
    case state::document:
    case state::over:
        break;
    }
    return std::nullopt;
}

void ddm_engine::on_failure() {
    fail("no answer");
}

std::optional<ddm_request> ddm_engine::take_tokens(const ddm::tokens& t) {
    const bool equal = t.declarations_token == token_ && !token_.empty(); // DDM-036
    if (equal || rounds_ == most_rounds) {
        asks_again_ = false;
        sync_failed_ = false;
        return settle();
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
    for (const auto k : all_kinds) {
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
    return ddm_message{.where = to_fetch_.front(), .data = {}};
}

std::optional<ddm_request> ddm_engine::take_declaration(unsigned status, bytes_view body) {
    const auto asked = to_fetch_.front();
    if (status == 404) { // DDM-039
        held_.erase(asked.kind, asked.identifier);
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
        held_.put(cache_->share(*read));
    }
    to_fetch_.pop_front();
    return fetch_next();
}

std::optional<ddm_request> ddm_engine::apply() {
    held_.follow(manifest_); // DDM-038
    documents_.follow(held_);
    token_ = manifest_.declarations_token;
    manifest_ = {};
    asks_again_ = true;
    return settle();
}

/// Until all documents are there and applying changes nothing any more.
std::optional<ddm_request> ddm_engine::settle() {
    for (int i = 0; i < most_judgements; ++i) {
        auto now = judge();
        if (!now.wanted.empty()) {
            to_download_ = {now.wanted.begin(), now.wanted.end()};
            state_ = state::document;
            return document_of(*to_download_.front());
        }
        if (!effects_.follow(now.active, documents_, *host_)) {
            break;
        }
    }
    return asks_again_ ? ask(ddm::endpoint::what::tokens, state::tokens) : report();
}

std::optional<ddm_request> ddm_engine::on_document(std::optional<downloaded> answer,
                                                   const std::string& why) {
    if (state_ != state::document || to_download_.empty()) {
        return std::nullopt;
    }
    const auto of = to_download_.front();
    to_download_.pop_front();
    auto got = judge_document(*of, std::move(answer), why, *cache_);
    attempt_failed_ = attempt_failed_ || got.is_worth_a_try();
    documents_.put(*of, std::move(got));
    // An asset of several configurations was wanted more than once.
    while (!to_download_.empty() && documents_.find(*to_download_.front()) != nullptr) {
        to_download_.pop_front();
    }
    if (to_download_.empty()) {
        return settle();
    }
    return document_of(*to_download_.front());
}

/// The end, all having been said.
std::optional<ddm_request> ddm_engine::finish() {
    state_ = state::over;
    if (attempt_failed_) {
        note_failure();
    } else if (!documents_.has_failed() && !sync_failed_) {
        failures_ = 0;
    }
    return std::nullopt;
}

void ddm_engine::note_failure() {
    failed_at_ = host_->now();
    ++failures_;
}

evaluation ddm_engine::judge() const {
    const auto where = host_->scope();
    const reader values{*this};
    return evaluate(
        held_,
        {.where = where, .values = values, .documents = documents_, .results = effects_.results()});
}

std::optional<json> ddm_engine::property(std::string_view name) const {
    for (const auto& d : held_.of(ddm::kind::management)) {
        if (!d->is("management.properties") || !d->payload.is_object()) {
            continue;
        }
        // Choice: of several declarations with one property the first counts.
        if (const auto found = d->payload.find(name); found != d->payload.end()) {
            return *found;
        }
    }
    return std::nullopt;
}

std::optional<json> ddm_engine::value_of(std::string_view item) const {
    const auto where = host_->scope();
    if (!has_status_item(item, where)) {
        return std::nullopt;
    }
    if (item == capabilities_item) {
        return capabilities();
    }
    if (auto value = effects_.status(item, held_, documents_, host_->crypto())) {
        return value;
    }
    return host_->status(item);
}

json ddm_engine::capabilities() const {
    return client_capabilities(host_->scope(), [&](std::string_view item) {
        return item == capabilities_item || item == declarations_item || item == error_item ||
               value_of(item).has_value();
    });
}

/// StatusReport has FullReport since 14.0 only; before that every report is incremental.
bool ddm_engine::reports_fully() const {
    return is_at_least(host_->scope(), "14.0");
}

time_point ddm_engine::next_due() const {
    auto due = time_point::max();
    if (last_full_ && reports_fully()) { // DDM-053
        due = *last_full_ + full_report_period;
    }
    if (failures_ > 0) {
        due = std::min(due, failed_at_ + ddm_repeat.delay(failures_ - 1));
    }
    return due;
}

bool ddm_engine::has_active(std::string_view type) const {
    return effects_.has(type);
}

std::optional<ddm_request> ddm_engine::report() {
    const auto now = judge();
    full_now_ = last_full_ && reports_fully() && host_->now() >= *last_full_ + full_report_period;
    status_builder report{reported_, full_now_};
    // Always reported, without a subscription (schema, management.* status items).
    report.item(std::string{capabilities_item}, capabilities());
    // Observed (F2): a removed declaration is just absent; the item comes as a whole.
    report.item(std::string{declarations_item}, now.declarations, false);
    for (const auto& name : now.subscribed) {
        if (name != capabilities_item && name != declarations_item) {
            say(report, name);
        }
    }
    auto next = report.finish();
    if (!next) {
        return finish();
    }
    in_flight_ = std::move(next->says);
    state_ = state::status;
    return ddm_message{
        .where = {.target = ddm::endpoint::what::status, .kind = {}, .identifier = {}},
        .data = std::move(next->json)};
}

void ddm_engine::say(status_builder& report, const std::string& item) const {
    if (item == error_item && has_status_item(item, host_->scope())) {
        return report.error(item, "Error.Test", "The test error.");
    }
    if (auto value = value_of(item)) {
        report.item(item, *std::move(value));
    } else {
        report.error(item, "Error.StatusItemNotSupported", "This Mac cannot deliver the item.");
    }
}

std::optional<ddm_request> ddm_engine::fail(std::string why) {
    problem_ = std::move(why);
    state_ = state::over;
    to_fetch_.clear();
    to_download_.clear();
    note_failure();
    return std::nullopt;
}

std::optional<ddm_request> ddm_engine::ask(ddm::endpoint::what target, state next) {
    state_ = next;
    return ddm_message{.where = {.target = target, .kind = {}, .identifier = {}}, .data = {}};
}

plist::dict ddm_engine::save() const {
    plist::dict out{{"token", token_},
                    {"declarations", held_.save()},
                    {"documents", documents_.save()},
                    {"effects", effects_.save()},
                    {"reported", reported_.save()}};
    if (last_full_) {
        out.set("last-full-report", *last_full_);
    }
    return out;
}

result<void> ddm_engine::load(const plist::dict& saved) {
    const auto* token = saved.string("token");
    const auto* declarations = saved.list("declarations");
    const auto* documents = saved.dictionary("documents");
    const auto* effects = saved.dictionary("effects");
    const auto* reported = saved.list("reported");
    if (!token || !declarations || !documents || !effects || !reported) {
        return pomona::fail(ddm::errc::missing_key, "the state of declarative management");
    }
    auto held = declaration_set::load(*declarations, *cache_);
    auto known = document_store::load(*documents, *cache_);
    auto said = reported_items::load(*reported);
    auto applied = held ? in_effect::load(*effects, *held) : result<in_effect>{};
    for (const auto* failed :
         {held ? nullptr : &held.error(), known ? nullptr : &known.error(),
          said ? nullptr : &said.error(), applied ? nullptr : &applied.error()}) {
        if (failed != nullptr) {
            return std::unexpected{*failed};
        }
    }
    token_ = *token;
    held_ = *std::move(held);
    documents_ = *std::move(known);
    reported_ = *std::move(said);
    effects_ = *std::move(applied);
    if (const auto* last = saved.find("last-full-report"); last != nullptr) {
        if (const auto* at = last->get<time_point>()) {
            last_full_ = *at;
        }
    }
    return {};
}

} // namespace pomona::sim::mac
