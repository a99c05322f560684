// Doctor at the reference server in the simulated world: what it says, and that it only reads.
#include "pomona/doctor/doctor.hpp"
#include "pomona/stack/stack.hpp"

#include <gmock/gmock.h>

namespace pomona::doctor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// Notes what arrives at servers.
class listener final : public net::observer {
  public:
    std::uint64_t on_request(const net::exchange_context& where, const net::request& r) override {
        if (where.at == net::side::server) {
            asked.push_back(r.method + ' ' + std::string{net::path_of(r.target)});
        }
        return 0;
    }
    std::uint64_t on_response(const net::exchange_context&, const net::request&,
                              const net::response&) override {
        return 0;
    }
    std::uint64_t on_failure(const net::exchange_context&, const net::request&,
                             const net::transport_error&) override {
        return 0;
    }
    std::uint64_t on_stream_message(const net::exchange_context&, bytes_view) override { return 0; }
    std::vector<std::string> asked;
};

class examine : public testing::Test {
  protected:
    examine() {
        stack::stack_options o;
        o.derived_folder = POMONA_TEST_CACHE;
        all = std::move(*stack::stack::create(std::move(o)));
        all->world().observe(&seen);
        about = {all->target(), "target.yaml", {{"url", 4}, {"api.key", 9}, {"capabilities", 12}}};
    }
    ~examine() override { all->shutdown(); }

    static net::task<void> run_it(net::world* w, subject what, duration later, report* to) {
        co_await w->sleep_for(later);
        *to = co_await examine_target(*w, std::move(what));
    }
    report run(duration later = 0s) {
        report out;
        EXPECT_TRUE(all->run(run_it(&all->world(), about, later, &out)));
        return out;
    }
    static std::vector<std::string> ids(const report& r, verdict v) {
        std::vector<std::string> out;
        for (const auto& f : r.findings) {
            if (f.verdict == v) {
                out.push_back(f.id);
                EXPECT_EQ(f.mend.empty(), v == verdict::ok) << f.id;
                EXPECT_FALSE(f.what.empty() || f.where.empty()) << f.id;
            }
        }
        return out;
    }

    listener seen;
    std::unique_ptr<stack::stack> all;
    subject about;
};

TEST_F(examine, a_sound_target_has_no_problem_and_is_only_read) {
    const auto r = run();
    EXPECT_EQ(r.worst(), verdict::ok);
    EXPECT_THAT(ids(r, verdict::ok),
                ElementsAre("tls", "tls", "enroll", "scep", "apns", "api", "push-certificate"));
    EXPECT_THAT(r.not_examined, ElementsAre(HasSubstr("clock")));
    EXPECT_THAT(seen.asked, ElementsAre("GET /enroll", "GET /scep", "GET /scep", "GET /",
                                        "GET /version", "GET /v1/pushcert", "GET /v1/pushcert"));
}

TEST_F(examine, says_where_in_the_file_something_is_wrong) {
    about.target.api.key = "another";
    about.target.capabilities.emplace_back("fly");
    const auto r = run();
    EXPECT_THAT(ids(r, verdict::problem), UnorderedElementsAre("api-key", "capability"));
    for (const auto& f : r.findings) {
        if (f.id == "api-key") {
            EXPECT_THAT(f.where, HasSubstr("(target.yaml:9, api.key)"));
        } else if (f.id == "capability") {
            EXPECT_THAT(f.where, HasSubstr("(target.yaml:12, capabilities)"));
        }
    }
}

TEST_F(examine, goes_on_where_a_certificate_will_not_do_but_sends_no_key_there) {
    about.target.trust = about.target.apns.trust;
    const auto r = run();
    EXPECT_THAT(ids(r, verdict::problem), ElementsAre("tls-untrusted"));
    EXPECT_THAT(ids(r, verdict::ok), testing::Contains("scep"));
    EXPECT_THAT(seen.asked, testing::Not(testing::Contains("GET /version")));
    EXPECT_THAT(r.not_examined, testing::Contains(HasSubstr("the API")));
}

TEST_F(examine, the_push_certificate_grows_old_before_the_servers) {
    EXPECT_THAT(ids(run(24h * 340), verdict::warn), ElementsAre("push-expires-soon"));
    EXPECT_THAT(ids(run(24h * 30), verdict::problem), ElementsAre("push-expired"));
    EXPECT_THAT(ids(run(24h * 365 * 5), verdict::problem), ElementsAre("tls-expired"));
}

TEST_F(examine, what_does_not_answer_is_said_once_and_the_rest_is_not_examined) {
    about.target.url = about.target.enroll_url = about.target.api.url = "https://nowhere:1";
    const auto r = run();
    EXPECT_THAT(ids(r, verdict::problem), ElementsAre("port-closed"));
    EXPECT_THAT(r.not_examined, testing::SizeIs(3));
    EXPECT_THAT(ids(r, verdict::ok), ElementsAre("tls", "apns"));
}

} // namespace
} // namespace pomona::doctor
