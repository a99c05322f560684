// Secrets out of bodies and headers before anything is stored. Design: keys never, secrets as typed
// placeholders whose keyed hash keeps equality and length.
#pragma once

#include "pomona/net/http.hpp"
#include "pomona/trace/event.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace pomona::trace {

class redactor {
  public:
    /// `key`: of the run; never stored.
    redactor(bytes key, bool push_magic) : key_{std::move(key)}, push_magic_{push_magic} {}

    struct outcome {
        bytes body;
        bool changed = false;
    };
    /// Plist and JSON bodies by key name (Challenge, BootstrapToken, UnlockToken, Password, PIN,
    /// AuthToken, DigestResponse, …); a CMS-signed profile is stored as its plain plist when it
    /// holds a secret. Other bytes unchanged; bodies that cannot be parsed are stored as they are
    /// unless they are of a profile's media type.
    [[nodiscard]] outcome body(bytes_view raw, std::string_view media_type) const;
    /// Authorization, Cookie and bearer values.
    [[nodiscard]] net::headers headers(const net::headers& raw) const;
    /// Texts whose name is that of a secret: what others put into state and fault events.
    [[nodiscard]] fields values(const fields& raw) const;
    /// The value of query parameters that carry a secret.
    [[nodiscard]] std::string target(std::string_view raw) const;
    /// "{{challenge:9f86d081884c7d65:32}}": type, first 8 bytes of the keyed hash, length in bytes.
    [[nodiscard]] std::string placeholder(std::string_view type, bytes_view secret) const;

  private:
    friend class rewriter;
    bytes key_;
    bool push_magic_;
};

} // namespace pomona::trace
