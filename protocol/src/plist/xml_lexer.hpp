// The lexical half of the XML scan: tags, comments, instructions, the prolog. It accepts a subset
// of what libplist accepts, so that both always agree on where each of them ends.
#pragma once

#include "pomona/protocol/plist/codec.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace pomona::plist {

inline constexpr std::string_view white_space = " \t\r\n";

std::string_view trim(std::string_view text);

struct tag {
    std::string_view name;
    bool closing = false;
    bool empty = false; ///< <name/>
};

/// A cursor over the text; each reader stands at the start of its construct and leaves just past
/// it.
class xml_lexer {
  public:
    explicit xml_lexer(std::string_view text) : text_{text} {}

  protected:
    std::unexpected<error> bad(std::string what) const {
        return fail(errc::malformed, std::move(what) + " at octet " + std::to_string(at_));
    }
    bool next_is(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    void skip_space() { at_ = std::min(text_.find_first_not_of(white_space, at_), text_.size()); }
    bool skip_past(std::string_view what) {
        const auto found = text_.find(what, at_);
        if (found == std::string_view::npos) {
            return false;
        }
        at_ = found + what.size();
        return true;
    }

    result<void> declaration();
    result<void> doctype();
    result<void> comment();
    result<void> instruction();
    result<tag> read_tag();

    std::string_view text_;
    std::size_t at_ = 0;

  private:
    result<void> attributes(std::string_view inside);
};

} // namespace pomona::plist
