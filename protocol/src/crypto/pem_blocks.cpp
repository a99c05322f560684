#include "crypto/pem_blocks.hpp"

#include <openssl/pem.h>

namespace pomona::crypto {

std::optional<pem_block> pem_block::read(BIO* source) {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long length = 0;
    const bool found = PEM_read_bio(source, &label, &header, &data, &length) == 1;
    pem_block out;
    out.label_.reset(label);
    out.header_.reset(header);
    out.data_.reset(data);
    if (!found) {
        return std::nullopt;
    }
    out.size_ = static_cast<std::size_t>(length);
    return out;
}

pem_block::~pem_block() {
    if (data_) {
        OPENSSL_cleanse(data_.get(), size_);
    }
}

} // namespace pomona::crypto
