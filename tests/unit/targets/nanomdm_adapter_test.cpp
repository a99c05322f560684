// What the adapter sends, and what it makes of every kind of answer, against a scripted API in the
// virtual world.
#include "pomona/targets/adapter.hpp"

#include <gmock/gmock.h>

namespace pomona::targets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class nanomdm_adapter : public testing::Test {
  protected:
    nanomdm_adapter() : world{net::make_virtual_world({})} {
        net::listen_options o;
        o.bind = {"localhost", 9000};
        o.who = actor{"server"};
        listener = std::move(
            *world->listen(o, [this](net::incoming in) { return answer(this, std::move(in)); }));
        subject = std::move(
            *make_nanomdm_adapter(*world, {"http://localhost:9000", nullptr, "nanomdm", "key"}));
    }
    ~nanomdm_adapter() override { world->shutdown(); }

    static net::task<net::reply> answer(nanomdm_adapter* self, net::incoming in) {
        self->asked.push_back(in.what.method + ' ' + in.what.target);
        self->authorization = net::find_header(in.what.headers, "Authorization").value_or("");
        net::reply r;
        r.what.status = self->status;
        r.what.body = to_bytes(self->body);
        co_return r;
    }

    /// Runs one verb to its end.
    template <class T>
    result<T> run(net::task<result<T>> verb) {
        std::optional<result<T>> out;
        static constexpr auto keep = [](net::task<result<T>> v,
                                        std::optional<result<T>>* to) -> net::task<void> {
            to->emplace(co_await std::move(v));
        };
        EXPECT_TRUE(world->run(keep(std::move(verb), &out)));
        return std::move(*out);
    }
    static mdm::command command() {
        return {command_uuid{"U-1"}, "ProfileList", {{"RequestType", "ProfileList"}}};
    }

    std::unique_ptr<net::world> world;
    std::unique_ptr<net::listener> listener;
    std::unique_ptr<adapter> subject;
    std::vector<std::string> asked;
    std::string authorization;
    unsigned status = 200;
    std::string body = R"({"version": "v1", "command_uuid": "U-1"})";
};

TEST_F(nanomdm_adapter, probes_version_and_credentials) {
    EXPECT_EQ(run(subject->probe()).value(), "v1");
    EXPECT_THAT(asked, ElementsAre("GET /version", "GET /v1/pushcert"));
    EXPECT_EQ(authorization, "Basic bmFub21kbTprZXk="); // nanomdm:key
}

TEST_F(nanomdm_adapter, tells_apart_why_a_target_is_unusable) {
    status = 401;
    EXPECT_EQ(run(subject->probe()).error().code, errc::unauthorized);
    status = 500;
    body = "broken\n";
    const auto refused = run(subject->probe());
    EXPECT_EQ(refused.error().code, errc::refused);
    EXPECT_EQ(refused.error().peer, "broken\n");
    status = 200;
    EXPECT_EQ(run(subject->probe()).error().code, errc::malformed);
    listener->close();
    EXPECT_EQ(run(subject->probe()).error().code, errc::unreachable);
}

TEST_F(nanomdm_adapter, tells_of_the_push_certificate_where_the_api_does) {
    body = R"({"topic": "T", "not_after": "2030-01-02T03:04:05Z", "problem": "revoked"})";
    const auto told = run(subject->push_certificate_of("a b")).value().value();
    EXPECT_THAT(asked, ElementsAre("GET /v1/pushcert?topic=a%20b"));
    EXPECT_EQ(told.topic, "T");
    EXPECT_EQ(to_rfc3339(told.not_after.value()), "2030-01-02T03:04:05Z");
    EXPECT_EQ(told.problem, "revoked");
    body = "{}";
    EXPECT_EQ(run(subject->push_certificate_of("T")).value(), std::nullopt);
    status = 404;
    EXPECT_EQ(run(subject->push_certificate_of("T")).value(), std::nullopt);
    status = 401;
    EXPECT_EQ(run(subject->push_certificate_of("T")).error().code, errc::unauthorized);
}

TEST_F(nanomdm_adapter, keeps_the_path_of_its_base_url) {
    subject = std::move(
        *make_nanomdm_adapter(*world, {"http://localhost:9000/mdm/", nullptr, "nanomdm", "key"}));
    EXPECT_TRUE(run(subject->probe()));
    EXPECT_THAT(asked, ElementsAre("GET /mdm/version", "GET /mdm/v1/pushcert"));
}

TEST_F(nanomdm_adapter, queues_with_and_without_a_push) {
    EXPECT_TRUE(run(subject->queue(enrollment_id{"UDID:USER"}, command(), true)));
    EXPECT_TRUE(run(subject->queue(enrollment_id{"UDID"}, command(), false)));
    EXPECT_THAT(asked, ElementsAre("PUT /v1/enqueue/UDID:USER", "PUT /v1/enqueue/UDID?nopush=1"));
    body = R"({"command_uuid": "another"})";
    EXPECT_EQ(run(subject->queue(enrollment_id{"UDID"}, command(), true)).error().code,
              errc::malformed);
}

TEST_F(nanomdm_adapter, pushes_in_lists_of_bounded_length) {
    std::vector<enrollment_id> ids;
    for (int i = 0; i < 130; ++i) {
        ids.emplace_back("M" + std::to_string(i));
    }
    EXPECT_TRUE(run(subject->push(ids)));
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_THAT(asked[0], HasSubstr("/v1/push/M0,M1,"));
    EXPECT_EQ(asked[2], "PUT /v1/push/M128,M129");
}

TEST_F(nanomdm_adapter, declares_as_one_set_and_notifies_once_a_mac) {
    status = 304; // KMFDDM: nothing changed
    const std::vector<std::string> declarations{
        R"({"Type": "t", "Identifier": "a b", "Payload": {}})"};
    EXPECT_TRUE(run(subject->declare({enrollment_id{"M1"}}, "s", declarations, true)));
    EXPECT_TRUE(run(subject->declare({enrollment_id{"M1"}}, "s", {}, false)));
    EXPECT_THAT(asked, ElementsAre("PUT /v1/declarations?nonotify=1",
                                   "PUT /v1/set-declarations/s?declaration=a%20b&nonotify=1",
                                   "PUT /v1/enrollment-sets/M1?set=s",
                                   "PUT /v1/enrollment-sets/M1?set=s&nonotify=1"));
}

} // namespace
} // namespace pomona::targets
