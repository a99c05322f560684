// The words of a judgement: levels, bases, verdicts.
#pragma once

#include <optional>
#include <string_view>

namespace pomona::checks {

/// RFC 2119 words; what a violation weighs.
enum class level { must, should, may };
/// How we know the rule. `observed` and `derived` never fail by default: they warn.
enum class basis {
    rfc,        ///< an RFC section
    schema,     ///< Apple's machine-readable schema: file and release
    documented, ///< Apple's documentation: page title
    observed,   ///< a recording or report of real hardware
    derived     ///< our own inference
};
/// Who is judged.
enum class subject { server, scep_server, provider, push_service, device, scep_client };

enum class verdict {
    pass,
    fail,
    warn,
    lenient,        ///< an accepted alternative, named
    not_applicable, ///< nothing in the run to judge, or the capability is not declared; the reason
                    ///< says which
    blocked,        ///< its precondition failed
    error           ///< the check itself could not be carried out
};

std::string_view to_text(level v);   ///< "must", …
std::string_view to_text(basis v);   ///< "rfc", …
std::string_view to_text(subject v); ///< "server", "SCEP server", "push provider", …
std::string_view to_text(verdict v); ///< "pass", …, "n/a"
std::optional<verdict> parse_verdict(std::string_view text);

} // namespace pomona::checks
