#include "pomona/trace/run_folder.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pomona::trace {
namespace {

event full_event() {
    event e;
    e.number = 7;
    e.time = *from_rfc3339("2026-01-02T03:04:05.123456789Z");
    e.actor = "mac-0001";
    e.peer = "mdm.example:8443";
    e.channel = "mdm";
    e.exchange = "c1/2";
    e.kind = kind::response;
    e.cause = 6;
    e.at = end::server;
    e.method = "PUT";
    e.target = "/mdm?a=\"b\"\\";
    e.status = 200;
    e.headers = {
        {"Content-Type", "application/xml; charset=UTF-8"}, {"x", ""}, {"x", "\t\x01\x7f"}};
    e.body = body_ref{std::string(64, 'a'), std::numeric_limits<std::uint64_t>::max(), true};
    e.tls_version = "TLSv1.3";
    e.alpn = "h2";
    e.client_certificate = std::string(64, 'b');
    e.failure = "reset";
    e.after_send = true;
    e.detail = "line\nbreak \xc3\xa4 \xe2\x80\xa8";
    e.name = "enrolled";
    e.summary = {{"Status", "Idle"},
                 {"empty", ""},
                 {"count", std::int64_t{-5}},
                 {"AwaitingConfiguration", false},
                 {"caps", std::vector<std::string>{"AES", "", "\xff"}},
                 {"none", std::vector<std::string>{}},
                 {"big", std::numeric_limits<std::int64_t>::min()}};
    e.facts = {{"z", true}, {"a", "order is kept"}};
    e.step = "first.yaml:12";
    return e;
}

TEST(line, every_field_survives) {
    const auto e = full_event();
    const auto back = from_line(to_line(e));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, e);
    EXPECT_EQ(to_line(*back), to_line(e));
}

TEST(line, every_kind_survives_alone) {
    for (const auto k : {kind::request, kind::response, kind::failure, kind::message, kind::state,
                         kind::step, kind::fact, kind::fault}) {
        event e;
        e.number = 1;
        e.kind = k;
        const auto back = from_line(to_line(e));
        ASSERT_TRUE(back) << to_text(k);
        EXPECT_EQ(*back, e);
        EXPECT_EQ(parse_kind(to_text(k)), k);
    }
}

TEST(line, bytes_that_are_no_text_survive_exactly) {
    event e;
    e.number = 1;
    for (int b = 0; b < 256; ++b) {
        e.target += static_cast<char>(b);
    }
    e.headers = {{"x", "\xed\xa0\x80"}, {"\xc0\x80", "ok"}};
    const auto back = from_line(to_line(e));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->target, e.target);
    EXPECT_EQ(back->headers, e.headers);
}

TEST(line, is_compact_with_keys_in_fixed_order_and_without_empty_members) {
    event e;
    e.number = 3;
    e.kind = kind::request;
    e.actor = "mac-1";
    e.at = end::client;
    e.summary = {{"Status", "Idle"}};
    EXPECT_EQ(to_line(e), R"({"number":3,"time":"1970-01-01T00:00:00.000000000Z","actor":"mac-1",)"
                          R"("kind":"request","at":"client","summary":{"Status":"Idle"}})");
    EXPECT_EQ(to_line(full_event()).find('\n'), std::string::npos);
}

TEST(line, unknown_keys_are_ignored) {
    const auto e = from_line(
        R"({"later":{"x":[1]},"number":1,"time":"2026-01-01T00:00:00Z","kind":"step","name":"n"})");
    ASSERT_TRUE(e);
    EXPECT_EQ(e->name, "n");
}

TEST(line, wrong_lines_are_errors) {
    const std::string head = R"({"number":1,"time":"2026-01-01T00:00:00Z","kind":"step")";
    for (const std::string& bad :
         {std::string{""},
          std::string{"[]"},
          std::string{"{"},
          std::string{"nonsense"},
          std::string{R"({"time":"2026-01-01T00:00:00Z","kind":"step"})"},
          std::string{R"({"number":0,"time":"2026-01-01T00:00:00Z","kind":"step"})"},
          std::string{R"({"number":-1,"time":"2026-01-01T00:00:00Z","kind":"step"})"},
          std::string{R"({"number":1,"time":"yesterday","kind":"step"})"},
          std::string{R"({"number":1,"time":"2026-01-01T00:00:00Z","kind":"other"})"},
          head + R"(,"status":"200"})",
          head + R"(,"status":5000000000})",
          head + R"(,"at":"middle"})",
          head + R"(,"headers":{"a":"b"}})",
          head + R"(,"headers":[["a"]]})",
          head + R"(,"body":"x"})",
          head + R"(,"summary":[1]})",
          head + R"(,"summary":{"a":1.5}})",
          head + R"(,"summary":{"a":{"b":1}}})",
          head + R"(,"summary":{"a":18446744073709551615}})",
          head + R"(,"actor":{"$bytes":"?"}})",
          head + R"(,"after_send":1})"}) {
        const auto e = from_line(bad);
        ASSERT_FALSE(e) << bad;
        EXPECT_EQ(e.error().code, errc::malformed) << bad;
    }
}

TEST(line, hostile_depth_and_number_of_keys_are_refused) {
    EXPECT_FALSE(from_line(std::string(1'000'000, '[')));
    std::string many = R"({"number":1,"time":"2026-01-01T00:00:00Z","kind":"step","summary":{)";
    for (int i = 0; i < 100'000; ++i) {
        many += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
    }
    EXPECT_FALSE(from_line(many + "}}"));
}

TEST(fields, set_replaces_and_typed_access_is_strict) {
    fields f{{"a", "1"}, {"n", std::int64_t{2}}, {"b", true}};
    f.set("a", "2");
    f.set("c", "3");
    EXPECT_EQ(f.text("a"), "2");
    EXPECT_EQ(f.text("n"), "");
    EXPECT_EQ(f.number("n"), 2);
    EXPECT_EQ(f.number("a"), std::nullopt);
    EXPECT_EQ(f.flag("b"), true);
    EXPECT_EQ(f.flag("x"), std::nullopt);
    EXPECT_EQ(f.find("x"), nullptr);
    EXPECT_EQ(std::distance(f.begin(), f.end()), 4);
}

} // namespace
} // namespace pomona::trace
