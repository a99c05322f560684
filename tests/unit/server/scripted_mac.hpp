// A Mac that does just what a test says: SCEP, check-in messages, reports.
#pragma once

#include "pomona/protocol/mdm/command.hpp"
#include "pomona/protocol/profile/profile.hpp"
#include "support.hpp"

namespace pomona::server {

class scripted_mac {
  public:
    scripted_mac(lab& l, std::size_t number);

    /// GET /enroll, parsed; its signature verified.
    static net::task<profile::profile> fetch_profile(lab& l);
    /// The configuration of its SCEP payload.
    static scep::client_config scep_config(const profile::profile& p);

    /// Profile and SCEP; afterwards the Mac has its identity.
    net::task<void> get_identity();
    /// get_identity, Authenticate, TokenUpdate.
    net::task<void> enroll();

    /// A message to `path`, on the Mac's connection, with its certificate in TLS.
    net::task<net::response> send(std::string path, std::string content_type, bytes body);
    net::task<net::response> checkin(mdm::checkin_message m);
    net::task<net::response> authenticate();
    net::task<net::response> token_update();
    net::task<net::response> check_out();
    net::task<net::response> declarative(std::string endpoint, std::optional<bytes> data = {});
    net::task<net::response> report(mdm::command_status status, std::string uuid = {});
    net::task<net::response> idle() { return report(mdm::command_status::idle); }
    /// A new connection for what follows.
    void hang_up() { connection_.reset(); }

    [[nodiscard]] std::string id() const { return from.id().value(); }
    [[nodiscard]] std::string token_hex() const;

    mdm::sender from;
    std::shared_ptr<const crypto::identity> identity;
    push_token token;
    push_magic magic;
    std::string topic{test_topic};
    std::string checkin_path = "/checkin";
    serial_number serial; ///< of Authenticate
    crypto::private_key key;

  private:
    lab& lab_;
    std::shared_ptr<net::connection> connection_;
};

/// The machine of scep::client, driven over the lab's connections; what it came to.
net::task<scep::action> run_scep(lab& l, scep::client_config config, crypto::private_key key);

/// CommandUUID of an answer of the command loop; empty for the empty answer.
std::string uuid_in(const net::response& r);

} // namespace pomona::server
