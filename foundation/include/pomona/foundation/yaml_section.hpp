// One mapping of a strict YAML document, read key by key: what is missing, unknown or of the wrong
// kind becomes a problem with its place.
#pragma once

#include "pomona/foundation/yaml.hpp"

namespace pomona::yaml {

class section {
  public:
    /// `name` names the mapping in messages: "persona". `map` and `problems` outlive it.
    section(const node& map, std::string name, std::vector<problem>& problems);

    /// Each key is known from the first asking on; null when absent.
    const node* take(std::string_view key, bool required = false);
    /// The scalar's text; empty when it is absent or no scalar.
    std::string text(std::string_view key, bool required = false);
    /// As `fallback` when absent.
    bool flag(std::string_view key, bool fallback);
    /// One of `words`; empty when absent or none of them.
    std::string word(std::string_view key, const std::vector<std::string_view>& words,
                     bool required = false);
    /// A list of texts.
    std::vector<std::string> texts(std::string_view key);
    /// Reports every key that nobody took. Call once, last.
    void finish();
    void report(const location& where, std::string message, std::string suggestion = {});

  private:
    const node* map_;
    std::string name_;
    std::vector<problem>* problems_;
    std::vector<std::string_view> known_;
};

} // namespace pomona::yaml
