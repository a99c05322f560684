// A server under test: where it is and how to work with it. Reading target files is the scenario
// language's work; this is the value, and its text.
#pragma once

#include "pomona/foundation/error.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pomona::stack {

struct target_api {
    std::string url; ///< "https://localhost:9000"
    std::string user;
    std::string key;
};

/// The device side of the push service that the server pushes through.
struct target_push {
    std::string host;
    std::uint16_t port = 0;
    std::string trust; ///< PEM
};

struct target {
    std::string name;
    std::string url;          ///< the server's own base URL
    std::string enroll_url;   ///< GET gives an enrollment profile
    std::string ade_url = {}; ///< takes a signed MachineInfo; empty: no Automated Device Enrollment
    std::string ade_web_url = {}; ///< configuration_web_url: the same by web view; empty: none
    /// PEM: the key of the emulated authority whose devices the server accepts there. Empty: one
    /// that only this run knows. Secret.
    std::string device_ca = {};
    std::string trust; ///< PEM: what the server's TLS certificate chains to
    target_api api;
    target_push apns;
    std::string abm_url = {}; ///< Apple Business Manager, emulated; trust as for apns; empty: none
    std::string idp_url = {}; ///< issuer of the emulated identity provider; trust as for apns
    std::string portal_url = {}; ///< where the emulated services are worked; login as for the API
    /// A CONNECT proxy that leads Apple's host names to the emulated services; empty: none.
    std::string proxy_url = {};
    std::string adapter = "nanomdm"; ///< which API its verbs are spoken in
    std::vector<std::string> capabilities;
};

/// The target file, `pomona: 1` and `target:`; holds the API key, so write it with mode 0600 only.
std::string to_yaml(const target& t);
/// Writes it, mode 0600, whole or not at all.
result<void> write_target(const target& t, const std::string& file);

} // namespace pomona::stack
