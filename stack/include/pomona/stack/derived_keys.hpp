// The virtual world's fixed keys: the same on every machine, so that a seed gives the same bytes
// everywhere. Public knowledge: never for anything real.
#pragma once

#include "pomona/stack/key_pool.hpp"

#include <string_view>

namespace pomona::stack {

/// Key `i` is the RSA-2048 key that crypto::context::seeded("pomona derived key <i>") generates.
/// The first 64 are for roles, the others for Macs.
class derived_keys {
  public:
    /// `threads` 0: one a core.
    explicit derived_keys(std::filesystem::path folder, unsigned threads = 0)
        : folder_{std::move(folder)}, threads_{threads} {}

    /// cache_folder()/derived-1: what was derived once is read from there. Empty: nothing is kept.
    static std::filesystem::path default_folder();

    /// "ca", "tls", "apns-ca", "apns-tls", "push-certificate", "device-ca", "idp"; nullopt for any
    /// other.
    static std::optional<std::size_t> index_of_role(std::string_view role);
    static constexpr std::size_t first_mac = 64;

    /// Keys `first` to `first + count - 1`, decoded in `ctx`. A damaged file is derived again; a
    /// folder that cannot be written is an error.
    [[nodiscard]] result<std::vector<crypto::private_key>>
    take(const crypto::context& ctx, std::size_t first, std::size_t count,
         const progress_function& progress = {}, std::stop_token stop = {});

  private:
    std::filesystem::path folder_;
    unsigned threads_;
};

} // namespace pomona::stack
