// Owning pointers for C libraries: the only place where a free function meets its pointer.
#pragma once

#include <memory>

namespace pomona {

template <auto Free>
struct c_deleter {
    template <class T>
    void operator()(T* pointer) const noexcept {
        static_cast<void>(Free(pointer));
    }
};

/// `c_ptr<X509, X509_free>`: frees with `Free`, costs no more than the bare pointer.
template <class T, auto Free>
using c_ptr = std::unique_ptr<T, c_deleter<Free>>;

} // namespace pomona
