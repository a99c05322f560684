// A server of declarations and documents in a few lines, a Mac of a few values, and the engine
// between them.
#pragma once

#include "mac/ddm/engine.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pomona::sim::mac {

class bench_host final : public ddm_host {
  public:
    [[nodiscard]] time_point now() const override { return clock; }
    [[nodiscard]] ddm_scope scope() const override { return where; }
    [[nodiscard]] const crypto::context& crypto() const override { return context; }
    [[nodiscard]] std::optional<nlohmann::json> status(std::string_view item) const override {
        const auto found = values.find(item);
        return found == values.end() ? std::nullopt : std::optional{found->second};
    }
    std::expected<std::string, std::string> install_profile(bytes_view document) override {
        const auto text = pomona::to_text(document);
        if (text.starts_with("bad")) {
            return std::unexpected{"the profile is bad"};
        }
        profiles.insert(text);
        return text;
    }
    void remove_profile(const std::string& identifier) override { profiles.erase(identifier); }
    void enforce_updates(std::vector<update_enforcement> all) override { updates = std::move(all); }
    void use_settings(std::string_view type, const nlohmann::json& effective) override {
        settings[std::string{type}] = effective;
    }
    void note_applied(const std::vector<std::string>& applied,
                      const std::vector<std::string>& removed) override {
        for (const auto& one : applied) {
            notes.push_back('+' + one);
        }
        for (const auto& one : removed) {
            notes.push_back('-' + one);
        }
    }

    crypto::context context = crypto::context::seeded(as_bytes("declarations"));
    time_point clock{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5}};
    ddm_scope where{.os_version = "15.1"};
    std::map<std::string, nlohmann::json, std::less<>> values{
        {"device.identifier.udid", "UDID-1"},
        {"device.model.family", "Mac"},
        {"device.operating-system.version", "15.1"},
        {"test.array-value", nlohmann::json::array({{{"key1", "a"}}})},
        {"test.integer-value", 42}};
    std::set<std::string> profiles; ///< installed: a profile's text is its identifier
    std::vector<update_enforcement> updates;
    std::map<std::string, nlohmann::json> settings;
    std::vector<std::string> notes;
};

class ddm_bench : public testing::Test {
  public:
    using json = nlohmann::json;

    void declare(const std::string& type, const std::string& identifier, json payload,
                 const std::string& token = "1") {
        declarations[identifier] = {{"Type", "com.apple." + type},
                                    {"Identifier", identifier},
                                    {"ServerToken", token},
                                    {"Payload", std::move(payload)}};
        ++version;
    }
    void activate(const std::string& identifier, json configurations, json predicate = nullptr,
                  const std::string& token = "1") {
        json payload{{"StandardConfigurations", std::move(configurations)}};
        if (!predicate.is_null()) {
            payload["Predicate"] = std::move(predicate);
        }
        declare("activation.simple", identifier, std::move(payload), token);
    }
    void undeclare(const std::string& identifier) {
        declarations.erase(identifier);
        ++version;
    }
    [[nodiscard]] bytes tokens() const {
        return pomona::ddm::write_tokens({.declarations_token = "v" + std::to_string(version),
                                          .timestamp = "2026-01-05T09:00:00Z"});
    }
    [[nodiscard]] bytes manifest() const {
        pomona::ddm::manifest m;
        for (const auto& [identifier, d] : declarations) {
            m.items(*pomona::ddm::kind_of(d["Type"].get<std::string>()))
                .push_back({identifier, d["ServerToken"]});
        }
        m.declarations_token = "v" + std::to_string(version);
        return pomona::ddm::write_manifest(m);
    }
    std::pair<unsigned, bytes> answer(const ddm_message& r) {
        using what = pomona::ddm::endpoint::what;
        asked.push_back(pomona::ddm::write_endpoint(r.where));
        switch (r.where.target) {
        case what::tokens:
            return {200, tokens()};
        case what::declaration_items:
            return {200, manifest()};
        case what::declaration: {
            const auto found = declarations.find(r.where.identifier);
            if (found == declarations.end() || hidden == r.where.identifier) {
                return {404, {}};
            }
            return {200, to_bytes(found->second.dump())};
        }
        case what::status:
            break;
        }
        report = json::parse(r.data->begin(), r.data->end());
        return {status_answer, {}};
    }
    /// Carries out one request; the engine's next.
    std::optional<ddm_request> answered(const ddm_request& r) {
        if (const auto* message = std::get_if<ddm_message>(&r)) {
            const auto [status, body] = answer(*message);
            return engine.on_answer(status, body);
        }
        const auto& get = std::get<ddm_download>(r);
        asked.push_back((get.with_identity ? "GET as MDM " : "GET ") + get.url);
        const auto found = documents.find(get.url);
        if (found == documents.end()) {
            return engine.on_document(std::nullopt, "refused");
        }
        return engine.on_document(found->second, {});
    }
    void carry_on(std::optional<ddm_request> next) {
        asked.clear();
        report = nullptr;
        while (next) {
            next = answered(*next);
        }
    }
    /// One synchronisation; `asked` and `report` are of this one.
    void sync(std::optional<bytes> data = std::nullopt) { carry_on(engine.start(data)); }
    /// Something has changed on the Mac.
    void look() { carry_on(engine.look_again()); }

    /// The state of one declaration in the last report.
    json state_of(const std::string& kind, const std::string& identifier) {
        for (const auto& one : report["StatusItems"]["management"]["declarations"][kind]) {
            if (one["identifier"] == identifier) {
                return one;
            }
        }
        return nullptr;
    }
    std::string code_of(const std::string& kind, const std::string& identifier) {
        const auto s = state_of(kind, identifier);
        return s.contains("reasons") ? s["reasons"][0]["code"].get<std::string>() : "";
    }
    void document(const std::string& url, std::string content, std::string media_type,
                  unsigned status = 200) {
        documents[url] = {
            .status = status, .media_type = std::move(media_type), .body = to_bytes(content)};
    }
    void subscribe(const std::string& identifier, const std::vector<std::string>& names,
                   const std::string& token = "1") {
        auto items = json::array();
        for (const auto& n : names) {
            items.push_back({{"Name", n}});
        }
        declare("configuration.management.status-subscriptions", identifier,
                {{"StatusItems", items}}, token);
    }

    bench_host host;
    declaration_cache cache;
    ddm_engine engine{host, cache};
    std::map<std::string, json> declarations;
    std::map<std::string, downloaded> documents;
    int version = 1;
    std::string hidden;
    unsigned status_answer = 200;
    std::vector<std::string> asked;
    json report;
};

using strings = std::vector<std::string>;
inline const nlohmann::json test_payload{{"Echo", "hello"}};

} // namespace pomona::sim::mac
