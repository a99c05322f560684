#include "real/bio.hpp"

#include <cerrno>
#include <cstdint>
#include <sys/socket.h>

namespace pomona::net::real {

namespace {

using bio_method_ptr = c_ptr<BIO_METHOD, BIO_meth_free>;

int descriptor_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
    BIO_clear_retry_flags(bio);
    const auto n = ::send(descriptor_of(bio), data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
        *written = static_cast<std::size_t>(n);
        return 1;
    }
    *written = 0;
    if (would_block()) {
        BIO_set_retry_write(bio);
    }
    return 0;
}

int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
    BIO_clear_retry_flags(bio);
    const auto n = ::recv(descriptor_of(bio), into, size, MSG_DONTWAIT);
    if (n > 0) {
        *got = static_cast<std::size_t>(n);
        return 1;
    }
    *got = 0;
    if (n == 0) {
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    } else if (would_block()) {
        BIO_set_retry_read(bio);
    }
    return 0;
}

long bio_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
        return 0;
    }
}

BIO_METHOD* socket_method() {
    static const auto method = [] {
        bio_method_ptr made{BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket")};
        if (made) {
            BIO_meth_set_write_ex(made.get(), bio_write);
            BIO_meth_set_read_ex(made.get(), bio_read);
            BIO_meth_set_ctrl(made.get(), bio_control);
        }
        return made;
    }();
    return method.get();
}

} // namespace

bio_ptr make_socket_bio(int descriptor) {
    if (socket_method() == nullptr) {
        return nullptr;
    }
    bio_ptr bio{BIO_new(socket_method())};
    if (bio) {
        BIO_set_data(bio.get(), reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
        BIO_set_init(bio.get(), 1);
    }
    return bio;
}

} // namespace pomona::net::real
