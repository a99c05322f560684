// One virtual Mac in a virtual world, with a push service and an MDM server that does what the test
// says.
#pragma once

#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/mdm/command.hpp"
#include "pomona/protocol/mdm/keys.hpp"
#include "pomona/sim/apns/service.hpp"
#include "pomona/sim/mac/mac.hpp"
#include "profiles.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>

namespace pomona::sim::mac {

using namespace std::chrono_literals;

/// One request as the server saw it.
struct seen_request {
    /// "GetCACert", "profile", "Authenticate", "Idle", "Acknowledged U1", "tokens", "/files/a", …
    std::string what;
    net::request request;
    std::string client_certificate; ///< SHA-256, hex; empty: none
    time_point at;
};

inline net::response http(unsigned status, std::string type = {}, std::string body = {}) {
    net::response out;
    out.status = status;
    if (!type.empty()) {
        out.headers.push_back({"Content-Type", std::move(type)});
    }
    out.body = to_bytes(body);
    return out;
}

/// Answers by the name of the request; an answer of status 0 comes an hour late: it is lost.
class scripted_server {
  public:
    scripted_server(net::world& w, const crypto::private_key& ca_key);

    [[nodiscard]] const crypto::certificate& root() const { return ca_.cert; }
    [[nodiscard]] std::string url(std::string_view path) const {
        return "https://localhost:" + std::to_string(listener_->local().port) + std::string{path};
    }
    /// Under another name, too: a host that is foreign to it.
    void also_listen_as(const std::string& host);
    [[nodiscard]] std::string foreign_url(std::string_view path) const {
        return "https://" + net::to_text(foreign_->local()) + std::string{path};
    }
    /// The answer that "profile" has unless it is scripted.
    [[nodiscard]] net::response profile_answer() const {
        return http(200, media_type, pomona::to_text(profile::write(enrollment_profile())));
    }
    /// What the profile says; with the server's URLs filled in.
    [[nodiscard]] profile::profile enrollment_profile() const;
    void queue(std::string uuid, plist::dict command) {
        commands.emplace_back(std::move(uuid), std::move(command));
    }
    void answer(const std::string& to, net::response with) {
        script[to].push_back(std::move(with));
    }
    /// Finishes what it has begun and listens again at the same port.
    net::task<void> restart();
    /// Ends every connection at once, and listens again.
    void crash();
    [[nodiscard]] std::vector<std::string> names(std::size_t from = 0) const;
    [[nodiscard]] const seen_request& last(const std::string& what) const;
    [[nodiscard]] std::size_t count(const std::string& what) const;

    profile::mdm_payload settings = mdm_settings();
    profile::scep_payload scep;
    std::string media_type{mdm::profile_content_type};
    std::map<std::string, std::deque<net::response>> script;
    std::deque<std::pair<std::string, plist::dict>> commands;
    std::vector<seen_request> log;
    std::vector<crypto::certificate> issued;
    duration command_delay{}; ///< of each answer of the command loop

  private:
    void listen(std::uint16_t port);
    std::unique_ptr<net::listener> listen_at(net::endpoint where);
    net::task<net::reply> serve(net::incoming in);
    std::string name_of(const net::incoming& in) const;
    net::response usual(const std::string& what, const net::incoming& in);
    net::response next_command();
    net::response scep_reply(const net::request& r);

    net::world* world_;
    crypto::identity ca_;
    crypto::identity tls_;
    std::unique_ptr<net::listener> listener_;
    std::unique_ptr<net::listener> foreign_;
};

inline net::response lost() {
    return http(0);
}

/// World, services and one Mac; `run` ends the test's failure when the world gets stuck.
class mac_bench : public testing::Test {
  public:
    mac_bench();
    ~mac_bench() override;

    void run(net::task<void> test);
    net::task<void> push(std::string magic = {}); ///< empty: the right one
    net::task<void> push(std::string token, std::string magic);
    [[nodiscard]] net::task<void> sleep(duration d) { return world->sleep_for(d); }
    /// Events of a name, in order.
    [[nodiscard]] std::vector<const trace::event*> states(std::string_view name) const;
    [[nodiscard]] const trace::event& event(std::uint64_t number) const {
        return recorder->events().at(number - 1);
    }
    static net::task<void> enroll(mac_bench* b);

    std::unique_ptr<net::world> world;
    std::unique_ptr<trace::recorder> recorder;
    std::unique_ptr<scripted_server> server;
    std::unique_ptr<apns::service> apple;
    std::unique_ptr<apns::device_link> link;
    std::unique_ptr<environment> env;
    std::unique_ptr<mac> subject;
    std::vector<account> users; ///< of the Mac; before `run`
    std::string persona_name = "macos-15-apple-silicon";
    manner wire; ///< the same

  private:
    static net::task<void> set_up(mac_bench* b, net::task<void> test);
    std::shared_ptr<const crypto::identity> push_identity_;
};

} // namespace pomona::sim::mac
