// Certificate requests that wait for somebody to decide (RFC 8894 section 3.3.2.3, PENDING). No
// I/O.
#pragma once

#include "ca/authority.hpp"
#include "store/records.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::server {

/// What a request stands on: its challenge or the certificate that signed a renewal; and what the
/// certificate is to say.
struct grant {
    issue_query query; ///< `now`: when it was asked for
    device_request request;
};

enum class decision { waiting, approved, denied };
std::string_view to_text(decision d);

struct pending_request {
    std::string transaction_id;
    bytes signer_key; ///< SHA-256 of the public key of who signed it: replies are for that one
    grant what;
    decision decided = decision::waiting;
};

/// In memory: after a restart a poll is told badCertId, and the client asks anew.
/// Choice: as many at once as `most`, a week long.
class pending_requests {
  public:
    static constexpr std::size_t most = 10'000;
    static constexpr auto lifetime = std::chrono::days{7};

    /// New requests wait (true), or are decided at once.
    bool manual = false;

    /// Takes the request in; false: there are too many.
    bool add(pending_request r, time_point now);
    /// The request of a transaction by the same signer; null: none (SCEP-026).
    [[nodiscard]] pending_request* find(const std::string& transaction_id, bytes_view signer_key);
    /// False: no request of that transaction waits.
    bool decide(const std::string& transaction_id, decision d);
    void erase(const std::string& transaction_id) { all_.erase(transaction_id); }
    [[nodiscard]] std::vector<const pending_request*> list() const;

  private:
    std::map<std::string, pending_request, std::less<>> all_;
};

} // namespace pomona::server
