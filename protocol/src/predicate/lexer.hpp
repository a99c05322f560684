// A predicate's text in pieces.
#pragma once

#include "pomona/foundation/error.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace pomona::predicate {

struct token {
    enum class what {
        end,
        word,     ///< `text`; may be a keyword
        name,     ///< #word: a key even if it is a keyword
        variable, ///< $word
        custom,   ///< @status(…): `text` and `argument`
        count,    ///< @count
        literal,  ///< string or number
        symbol    ///< `text`: operator, bracket, comma, dot
    };
    what is = what::end;
    std::string text;
    std::string argument;
    nlohmann::json literal;
    std::size_t at = 0; ///< offset in the predicate

    [[nodiscard]] bool is_symbol(std::string_view s) const {
        return is == what::symbol && text == s;
    }
    /// Keywords are read in any case (Apple, "Predicate Format String Syntax").
    [[nodiscard]] bool is_keyword(std::string_view upper_case) const;
};

class lexer {
  public:
    explicit lexer(std::string_view text) : text_{text} {}
    result<token> next();

  private:
    result<token> number();
    result<token> string();
    result<token> custom();
    result<char> escaped(std::string& out);
    [[nodiscard]] std::string take_word();
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] std::unexpected<error> wrong(std::string what) const;

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace pomona::predicate
