// How a scenario works Apple's services, emulated: the portals' calls, and the device-enrollment
// service as an MDM server's client.
#pragma once

#include "pomona/net/world.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pomona::targets {

struct apple_options {
    std::string portal_url; ///< plain HTTP on this machine
    std::string user, key;  ///< of the portal
    std::string abm_url;    ///< empty: no Apple Business Manager
    net::trust_store trust; ///< what the service's TLS chains to
    duration timeout = std::chrono::seconds{30};
};

/// What the device-enrollment service said: a refusal is an answer, too.
struct dep_answer {
    unsigned status = 0;
    std::string body; ///< JSON, or the code of an error
    [[nodiscard]] bool good() const { return status == 200; }
    [[nodiscard]] std::string describe() const; ///< "400 INVALID_CURSOR"
};

/// All messages are recorded as actor "operator", channels "portal" and "abm". Errors are those of
/// targets::errc: unreachable, refused, unauthorized, malformed.
class apple_client {
  public:
    apple_client(net::world& world, apple_options options);

    [[nodiscard]] bool has_abm() const { return !options_.abm_url.empty(); }
    /// JSON in (may be empty), JSON out; a status of 400 and more is errc::refused with its words.
    net::task<result<std::string>> portal(std::string method, std::string path, std::string body);
    /// The id of the entry "MDM server" of that name; empty: our own, which is made when it is not
    /// there.
    net::task<result<std::string>> server_id(std::string name);
    /// As the MDM server of our own entry: signs in when it has to, once more when the session is
    /// over.
    net::task<result<dep_answer>> dep(std::string method, std::string path, std::string body);
    /// What an MDM server does to know its devices: the whole list the first time, then what has
    /// changed since. The first refusal ends it, and a cursor that is refused is forgotten.
    net::task<result<dep_answer>> synchronise();

  private:
    struct sent {
        net::url to;
        net::request what;
        std::string channel;
    };
    net::task<result<net::response>> send(sent message);
    net::task<result<dep_answer>> sign_in();
    net::task<result<dep_answer>> ask(std::string method, std::string path, std::string body);
    net::task<result<std::string>> make_own_server();

    net::world* world_;
    apple_options options_;
    std::map<std::string, std::shared_ptr<net::connection>> open_; ///< by channel
    std::string own_id_, consumer_key_, consumer_secret_, access_token_, access_secret_;
    std::string session_, cursor_;
};

} // namespace pomona::targets
