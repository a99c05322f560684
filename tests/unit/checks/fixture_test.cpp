// Every check of the catalogue has a trace that it passes and one that it catches; and lawful but
// unusual traces that no check may call a failure.
#include "fixtures.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace pomona::checks::testing {
namespace {

std::string text_of(const observation& seen) {
    std::string out;
    for (const auto& f : seen.violations) {
        out += "event " + std::to_string(f.event) + ": expected " + f.expected + ", got " +
               f.actual + '\n';
    }
    return out + seen.reason;
}

class EachCheck : public ::testing::TestWithParam<std::string> {
  protected:
    [[nodiscard]] const check& subject_check() const { return *find(GetParam()); }
};

TEST_P(EachCheck, PassesItsPassingTracesAndNoOtherCheckFailsOnThem) {
    const auto names = fixture_names(GetParam(), "pass");
    ASSERT_THAT(names, ::testing::Contains("pass.ndjson"));
    for (const auto& name : names) {
        SCOPED_TRACE(name);
        const small_trace recorded{fixture_folder(GetParam()) / name};
        const auto view = recorded.view();
        const auto own = judge(subject_check(), view, false);
        EXPECT_EQ(to_text(own.verdict), "pass") << text_of(own.seen);
        for (const auto& other : catalogue()) {
            const auto j = judge(other, view, false);
            EXPECT_NE(to_text(j.verdict), "fail") << other.id << ": " << text_of(j.seen);
        }
    }
}

TEST_P(EachCheck, CatchesItsFailingTracesAtAnEventOfTheTrace) {
    const auto names = fixture_names(GetParam(), "fail");
    ASSERT_THAT(names, ::testing::Contains("fail.ndjson"));
    const auto& c = subject_check();
    const bool binding =
        c.level == level::must && c.basis != basis::observed && c.basis != basis::derived;
    for (const auto& name : names) {
        SCOPED_TRACE(name);
        const small_trace recorded{fixture_folder(GetParam()) / name};
        const auto view = recorded.view();
        const auto j = judge(c, view, false);
        EXPECT_EQ(to_text(j.verdict), binding ? "fail" : "warn") << text_of(j.seen);
        ASSERT_FALSE(j.seen.violations.empty());
        for (const auto& f : j.seen.violations) {
            EXPECT_GE(f.event, 1U);
            EXPECT_LE(f.event, recorded.events().size());
            EXPECT_THAT(f.around, ::testing::Each(::testing::AllOf(
                                      ::testing::Ge(1U), ::testing::Le(recorded.events().size()))));
            EXPECT_FALSE(f.expected.empty());
            EXPECT_FALSE(f.actual.empty());
        }
        EXPECT_EQ(to_text(judge(c, view, true).verdict), "fail");
    }
}

TEST_P(EachCheck, SaysWhyWhenTheTraceIsEmpty) {
    const auto j = judge(subject_check(), trace_view{{}, {}}, true);
    EXPECT_EQ(to_text(j.verdict), "n/a");
    EXPECT_FALSE(j.seen.reason.empty());
}

/// The same messages as HTTP/2 carries them: lower-case names, no Content-Length, no
/// Transfer-Encoding, `host` from :authority.
small_trace over_http2(const small_trace& recorded) {
    small_trace out{recorded};
    out.change([](trace::event& e) {
        if (e.alpn.empty() && (e.kind == trace::kind::request || e.kind == trace::kind::response)) {
            e.alpn = "h2";
        }
        for (auto& h : e.headers) {
            std::ranges::transform(h.name, h.name.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            });
        }
        std::erase_if(e.headers, [](const net::header& h) {
            return h.name == "content-length" || h.name == "transfer-encoding" ||
                   h.name == "connection";
        });
        if (e.kind == trace::kind::request) {
            e.headers.insert(e.headers.begin(), {"host", e.peer});
        }
    });
    return out;
}

TEST_P(EachCheck, SaysTheSameOfItsTracesOverHttp2) {
    for (const auto& name : fixture_names(GetParam(), "")) {
        SCOPED_TRACE(name);
        const small_trace recorded{fixture_folder(GetParam()) / name};
        const auto carried = over_http2(recorded);
        const auto as_was = judge(subject_check(), recorded.view(), false);
        const auto h2 = judge(subject_check(), carried.view(), false);
        EXPECT_EQ(to_text(h2.verdict), to_text(as_was.verdict)) << text_of(h2.seen);
        EXPECT_EQ(text_of(h2.seen), text_of(as_was.seen));
    }
}

/// A run that was killed: whatever the last event, no check may fail on the beginning of a good
/// run.
TEST_P(EachCheck, DoesNotFailWhenAPassingRunIsCutOff) {
    for (const auto& name : fixture_names(GetParam(), "pass")) {
        const small_trace recorded{fixture_folder(GetParam()) / name};
        for (std::size_t n = 0; n < recorded.events().size(); ++n) {
            small_trace beginning;
            for (std::size_t i = 0; i < n; ++i) {
                beginning.add(recorded.events()[i]);
            }
            const auto j = judge(subject_check(), beginning.view(), false);
            EXPECT_NE(to_text(j.verdict), "fail") << name << " to " << n << ": " << text_of(j.seen);
        }
    }
}

std::vector<std::string> all_ids() {
    std::vector<std::string> out;
    for (const auto& c : catalogue()) {
        out.emplace_back(c.id);
    }
    return out;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EachCheck, ::testing::ValuesIn(all_ids()),
                         [](const auto& info) {
                             auto name = info.param;
                             std::erase(name, '-');
                             return name;
                         });

} // namespace
} // namespace pomona::checks::testing
