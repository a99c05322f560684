// What the handlers share. Each running handler keeps it alive.
#pragma once

#include "ca/identity_files.hpp"
#include "ca/pending_requests.hpp"
#include "checkin/request_identity.hpp"
#include "enroll/account_driven.hpp"
#include "enroll/ade_settings.hpp"
#include "enroll/sign_in.hpp"
#include "pomona/server/server.hpp"
#include "push/pusher.hpp"
#include "store/store.hpp"
#include "users/network_users.hpp"

#include <map>
#include <memory>
#include <string>

namespace pomona::server {

struct service {
    explicit service(net::world& w) : world{w}, idle{w} {}

    net::world& world;
    server_options options;
    std::optional<server_identities> identities;
    std::shared_ptr<store> keep;
    std::shared_ptr<pusher> push;
    known_devices devices;
    network_users users;
    pending_requests pending;
    pomona::server::accounts accounts;       ///< who may enroll by account
    std::shared_ptr<openid_client> provider; ///< null: nobody can sign in
    waiting_sign_ins sign_ins;
    bytes reference_key; ///< of write_enroll_reference
    /// SHA-256 of the AuthToken of each user's channel, as far as it was looked up; empty: none.
    std::map<std::string, bytes> auth_tokens;
    ade_settings ade;
    std::optional<crypto::context> legacy; ///< with options.scep_legacy: where single DES is done
    std::string base_url;                  ///< https://name:port, no slash at the end

    std::size_t answering = 0; ///< handlers at work
    bool stopping = false;     ///< new requests get 503
    net::signal idle;

    [[nodiscard]] const crypto::identity& root() const { return identities->root; }
    [[nodiscard]] const crypto::context* legacy_context() const {
        return legacy ? &*legacy : nullptr;
    }
    /// What the identity of a Mac chains to; set once the identities are there.
    std::vector<crypto::certificate> identity_roots;
};

using service_ptr = std::shared_ptr<service>;

/// Checks, keeps and takes into use; `override_topic` allows another UID than the one before.
net::task<result<topic>> take_push_identity(service_ptr s, crypto::identity identity,
                                            bool override_topic);

} // namespace pomona::server
