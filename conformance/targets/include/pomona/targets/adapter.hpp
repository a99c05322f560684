// How a scenario works a server under test: the server verbs, spoken in the server's own API.
#pragma once

#include "pomona/foundation/time.hpp"
#include "pomona/net/world.hpp"
#include "pomona/protocol/mdm/command.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pomona::targets {

enum class errc {
    unreachable = 1, ///< no connection, or none that TLS accepts
    refused,         ///< the API answered with an error; its words are the error's peer text
    unauthorized,    ///< the API wants other credentials
    malformed        ///< the answer is not what the API documents
};
std::error_code make_error_code(errc value);

/// What a server tells of the certificate it pushes with.
struct push_certificate {
    std::string topic;
    std::optional<time_point> not_after;
    std::string problem; ///< what the server itself says is wrong with it; may be empty
};

/// A network user whom the server is to manage (Apple, "User Authenticate").
struct directory_user {
    std::string short_name;
    std::string password; ///< empty: managed without a token
};
/// A certificate request that waits for a decision.
struct waiting_request {
    std::string transaction_id;
    std::string subject;
};

/// Verbs return when the server has accepted the work. All messages are recorded as actor
/// "operator", channel "api".
class adapter {
  public:
    virtual ~adapter() = default;
    /// Words that a scenario's `needs` may name: "queue", "push", "declare", "ade", "users",
    /// "scep-approval", "account-driven".
    [[nodiscard]] virtual std::vector<std::string> capabilities() const = 0;
    /// Is the server there, does it take our credentials? Its version on success.
    virtual net::task<result<std::string>> probe() = 0;
    /// The push certificate of a topic; nullopt when the API does not tell. Changes nothing.
    virtual net::task<result<std::optional<push_certificate>>>
    push_certificate_of(std::string topic) = 0;
    virtual net::task<result<void>> queue(enrollment_id whom, mdm::command what, bool push) = 0;
    virtual net::task<result<void>> push(std::vector<enrollment_id> whom) = 0;
    /// Declarations (JSON without ServerToken) as one named set, associated with each enrollment.
    virtual net::task<result<void>> declare(std::vector<enrollment_id> whom, std::string set,
                                            std::vector<std::string> declarations, bool notify) = 0;
    /// What the server gives a user's browser at `url`: an enrollment profile.
    virtual net::task<result<bytes>> download(std::string url) = 0;
    /// Settings of the server that scenarios may change; refused by servers that have none.
    virtual net::task<result<void>> configure(plist::dict settings) = 0;
    // The rest not every server has; the default is errc::refused.
    virtual net::task<result<void>> set_users(std::vector<directory_user> users);
    /// Whether new requests for certificates wait for a decision.
    virtual net::task<result<void>> set_scep_approval(bool manual);
    virtual net::task<result<std::vector<waiting_request>>> waiting_requests();
    /// What signing in would give to a user who enrolls a Mac by account; `mode`: byod or adde.
    virtual net::task<result<std::string>> access_token(std::string account, std::string mode);
    virtual net::task<result<void>> decide_request(std::string transaction_id, bool approve);
};

struct api_options {
    std::string base_url; ///< "https://localhost:9000"; a path stands before those of the API
    net::trust_store trust;
    std::string user;
    std::string key;
    duration timeout = std::chrono::seconds{30};
};

/// The API of NanoMDM (/version, /v1/enqueue, /v1/push) and of KMFDDM (/v1/declarations,
/// /v1/set-declarations, /v1/enrollment-sets), which the reference server speaks too.
result<std::unique_ptr<adapter>> make_nanomdm_adapter(net::world& world, api_options options);

} // namespace pomona::targets

POMONA_ERROR_ENUM(pomona::targets::errc);
