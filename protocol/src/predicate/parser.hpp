// From text to terms. One grammar for predicates and values, so that no parenthesis has to be read
// twice: what a term is decides afterwards whether it may stand where it stands.
#pragma once

#include "predicate/lexer.hpp"
#include "predicate/tree.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pomona::predicate {

struct comparison {
    std::string_view written;
    operation is;
};

using parsed = result<term_index>;

class parser {
  public:
    explicit parser(std::string_view text) : lexer_{text} {}
    /// The whole text as one predicate.
    result<std::shared_ptr<const tree>> run();

  private:
    std::unexpected<error> unexpected_here(std::string what) const;
    result<void> advance();
    /// Steps over the current token and gives `what`.
    parsed and_then(parsed what);
    parsed expect(std::string_view symbol, parsed what);
    parsed make(term t);
    parsed expect_predicate(term_index i) const;
    parsed expect_value(term_index i) const;

    /// Counts how deep the recursion is.
    struct level {
        explicit level(std::size_t& n) : depth{&n} { ++n; }
        ~level() { --*depth; }
        level(const level&) = delete;
        level& operator=(const level&) = delete;
        std::size_t* depth;
    };

    // parser.cpp
    bool at_operator(std::string_view word, std::string_view symbol) const;
    parsed disjunction();
    parsed conjunction() { return joined(operation::all_of, "AND", "&&", &parser::inversion); }
    parsed joined(operation how, std::string_view word, std::string_view symbol,
                  parsed (parser::*part)());
    parsed inversion();
    parsed negated_part();
    static const comparison* find_comparison(const token& t);
    parsed compared();

    /// After an operator: [c], [d], [cd].
    result<void> options(match_options& out);

    // parser_values.cpp
    parsed sum();
    parsed product();
    parsed calculated(const std::array<comparison, 2>& ways, parsed (parser::*part)());
    parsed signed_value();
    parsed postfixed();
    parsed member(term_index of);
    parsed subscript(term_index of);
    parsed primary();
    parsed custom();
    parsed word();
    parsed subquery();
    parsed bracketed();

    lexer lexer_;
    token now_;
    tree out_;
    std::vector<std::string> variables_; ///< of the SUBQUERYs around
    std::size_t depth_ = 0;
    /// Chains (a.b.c, 1+1+1) grow high without recursion here, but not when they are evaluated.
    static constexpr std::size_t max_height = 4 * max_depth;
    std::vector<std::uint16_t> heights_; ///< of each term
};

} // namespace pomona::predicate
