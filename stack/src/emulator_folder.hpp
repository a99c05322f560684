// What the emulated push service keeps between two starts of `serve`: its keys, its topic and its
// tokens. With them the certificates of an earlier start still chain, enrolled Macs keep their
// topic, and pushes find them.
#pragma once

#include "pomona/foundation/ids.hpp"
#include "pomona/protocol/crypto/certificate.hpp"
#include "pomona/stack/key_pool.hpp"
#include "token_file.hpp"

#include <string_view>

namespace pomona::stack {

class emulator_folder {
  public:
    static result<emulator_folder> open(std::filesystem::path folder);

    /// The key of a role, generated and written (0600) the first time.
    [[nodiscard]] result<crypto::private_key> key_of(std::string_view role) const;
    /// The topic of the first start; `fresh` when there was none.
    [[nodiscard]] result<topic> topic_or(topic fresh) const;
    /// The tokens of earlier starts, and where new ones go: "tokens.ndjson".
    [[nodiscard]] result<token_file::opened> tokens() const {
        return token_file::open(folder_ / "tokens.ndjson");
    }
    /// For push providers that are not our server: push.pem (the certificate), push.key and ca.pem
    /// (what the service's TLS certificate chains to), in PEM, each 0600.
    [[nodiscard]] result<void> publish(const crypto::identity& push,
                                       const crypto::certificate& root) const;

  private:
    explicit emulator_folder(std::filesystem::path folder) : folder_{std::move(folder)} {}
    std::filesystem::path folder_;
};

} // namespace pomona::stack
