// The blocks of a PEM text (RFC 7468), one after the other.
#pragma once

#include "crypto/handles.hpp"

#include <optional>
#include <string_view>

namespace pomona::crypto {

/// One block; its octets may be a key's and are wiped when it goes.
class pem_block {
  public:
    /// The next one in `source`; nullopt at the end or when the text is broken, told apart by
    /// OpenSSL's error queue (PEM_R_NO_START_LINE at the end).
    static std::optional<pem_block> read(BIO* source);

    pem_block(pem_block&&) = default;
    pem_block& operator=(pem_block&&) = delete;
    ~pem_block();

    [[nodiscard]] std::string_view label() const { return label_.get(); }
    [[nodiscard]] std::string_view header() const { return header_.get(); }
    [[nodiscard]] bytes_view data() const { return {data_.get(), size_}; }

  private:
    pem_block() = default;
    c_ptr<char, free_openssl_memory> label_;
    c_ptr<char, free_openssl_memory> header_;
    c_ptr<unsigned char, free_openssl_memory> data_;
    std::size_t size_ = 0;
};

} // namespace pomona::crypto
