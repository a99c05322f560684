// What the probes share: the findings, and what was learnt so far.
#pragma once

#include "pomona/doctor/doctor.hpp"
#include "pomona/protocol/profile/profile.hpp"

#include <expected>
#include <map>
#include <optional>
#include <set>

namespace pomona::doctor {

/// How far a way to a server goes.
enum class standing {
    unreachable, ///< no address, or no connection
    no_tls,      ///< a connection, but no handshake
    untrusted,   ///< a handshake, but its certificate will not do: nothing secret goes there
    good
};

class examination {
  public:
    examination(net::world& w, subject s);

    void ok(std::string id, std::string what, std::string where);
    void warn(std::string id, std::string what, std::string where, std::string mend);
    void problem(std::string id, std::string what, std::string where, std::string mend);
    void not_examined(std::string what) { out.not_examined.push_back(std::move(what)); }
    [[nodiscard]] bool has_problem(std::string_view id) const;

    /// "https://… (target.yaml:5, api.url)" for a key of the target file.
    [[nodiscard]] std::string place(const std::string& key, const std::string& value) const;

    net::world& world;
    subject about;
    report out;
    std::map<std::string, standing> endpoints; ///< by "host:port", once looked at
    std::vector<crypto::certificate> roots;    ///< the target's trust, then the profile's roots
    std::optional<profile::profile> enrollment;
    const profile::payload* mdm = nullptr; ///< of `enrollment`
    bool clock_judged = false;
};

/// Each attempt's time.
inline constexpr duration attempt_time = std::chrono::seconds{10};

net::trust_store trust_of(std::vector<crypto::certificate> roots);

/// Name, TCP, TLS and certificate of one server, once for each host and port. `alpn`: what is
/// spoken there.
net::task<standing> look_at(examination& e, net::url at, std::string where,
                            std::vector<std::string> alpn, net::trust_store trust);

/// GET, also from a server whose certificate will not do. The error is in words.
net::task<std::expected<net::response, std::string>> get(examination& e, net::url from,
                                                         std::string where);

// The probes, in order. Each is over when it has said what it found.
net::task<void> probe_addresses(examination& e);
net::task<void> probe_enrollment(examination& e);
net::task<void> probe_scep(examination& e);
net::task<void> probe_push(examination& e);
net::task<void> probe_api(examination& e);
net::task<void> probe_apple(examination& e);

} // namespace pomona::doctor
