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

bool is_answer(const trace::event& e) {
    return e.kind == trace::kind::response && e.at == trace::end::client &&
           e.actor.starts_with("mac-");
}

/// The same run in which a fault acted on the exchange of the answer `at`.
small_trace with_fault(const small_trace& recorded, std::size_t at, std::string effect) {
    small_trace out;
    for (std::size_t i = 0; i < recorded.events().size(); ++i) {
        auto e = recorded.events()[i];
        if (i == at && effect == "lost") {
            e.kind = trace::kind::failure;
            e.status = 0;
            e.failure = "reset";
            e.after_send = true;
            e.summary = {};
            e.facts = {};
            e.body.reset();
            e.headers.clear();
        }
        out.add(std::move(e));
    }
    auto mark = recorded.events()[at];
    mark.kind = trace::kind::fault;
    mark.name = "some-fault";
    mark.summary = {{"effect", std::move(effect)}};
    mark.facts = {};
    out.add(std::move(mark));
    return out;
}

bool is_of_a_peer(const check& c) {
    return c.subject != subject::device && c.subject != subject::scep_client;
}

/// Whatever answer of a good run is lost or replaced: no peer may be blamed for it.
TEST_P(EachCheck, BlamesNoPeerForAnAnswerThatWasInjected) {
    if (!is_of_a_peer(subject_check())) {
        return; // it judges the Mac, by what the Mac got
    }
    for (const auto& name : fixture_names(GetParam(), "pass")) {
        const small_trace recorded{fixture_folder(GetParam()) / name};
        for (std::size_t i = 0; i < recorded.events().size(); ++i) {
            if (!is_answer(recorded.events()[i])) {
                continue;
            }
            for (const auto* effect : {"lost", "other"}) {
                const auto run = with_fault(recorded, i, effect);
                const auto j = judge(subject_check(), run.view(), true);
                EXPECT_NE(to_text(j.verdict), "fail")
                    << name << ", " << effect << " at " << i + 1 << ": " << text_of(j.seen);
            }
        }
    }
}

/// What a peer is caught at is no longer its own when every answer was another's.
TEST_P(EachCheck, BlamesNoServerWhenEveryAnswerWasInjected) {
    const auto of = subject_check().subject;
    if (of != subject::server && of != subject::scep_server) {
        return;
    }
    for (const auto& name : fixture_names(GetParam(), "fail")) {
        small_trace run{fixture_folder(GetParam()) / name};
        const auto count = run.events().size();
        for (std::size_t i = 0; i < count; ++i) {
            if (is_answer(run.events()[i])) {
                run = with_fault(run, i, "other");
            }
        }
        const auto j = judge(subject_check(), run.view(), true);
        for (const auto& f : j.seen.violations) { // pushes and certificates are a server's own
            EXPECT_FALSE(is_answer(run.events()[f.event - 1]))
                << name << ", event " << f.event << ": " << f.actual;
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
