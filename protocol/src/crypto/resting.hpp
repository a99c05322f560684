// An OpenSSL object that may be put away as DER and comes back when it is asked for.
#pragma once

#include "pomona/foundation/bytes.hpp"
#include "pomona/protocol/crypto/context.hpp"

#include <openssl/crypto.h>

#include <memory>
#include <mutex>
#include <utility>

namespace pomona::crypto {

/// Several threads may use it at once.
template <class T>
class resting {
  public:
    resting(context ctx, std::shared_ptr<T> awake)
        : ctx_{std::move(ctx)}, awake_{std::move(awake)} {}
    resting(const resting&) = delete;
    resting& operator=(const resting&) = delete;
    ~resting() { OPENSSL_cleanse(der_.data(), der_.size()); } // it may be a private key

    [[nodiscard]] const context& owner() const { return ctx_; }

    template <class Decode>
    std::shared_ptr<T> wake(Decode decode) {
        const std::scoped_lock lock{mutex_};
        if (!awake_) {
            awake_ = decode(ctx_, der_);
        }
        return awake_;
    }
    /// Stays awake when it cannot be encoded.
    template <class Encode>
    void rest(Encode encode) {
        const std::scoped_lock lock{mutex_};
        if (awake_ && der_.empty()) {
            der_ = encode(awake_.get());
            der_.shrink_to_fit();
        }
        if (!der_.empty()) {
            awake_.reset();
        }
    }

  private:
    context ctx_;
    std::mutex mutex_;
    std::shared_ptr<T> awake_;
    bytes der_; ///< empty: it never rested
};

} // namespace pomona::crypto
