#include "pomona/sim/mac/persona.hpp"

#include "mac/persona_words.hpp"
#include "pomona/foundation/embedded.hpp"

#include <stdexcept>

namespace pomona::sim::mac {
namespace {

constexpr std::array offers{word_of<http_offer>{http_offer::negotiate, "negotiate"},
                            word_of<http_offer>{http_offer::h2, "h2"},
                            word_of<http_offer>{http_offer::http_1_1, "http/1.1"}};

std::vector<persona> read_embedded() {
    std::vector<persona> out;
    for (const auto& file : embedded::personas()) {
        const auto name = "scenarios/personas/" + std::string{file.name} + ".yaml";
        auto read = read_persona(name, file.content);
        if (!read) { // a build with such a file is broken; a test reads them all
            throw std::logic_error{render(read.error().front(), file.content)};
        }
        out.push_back(*std::move(read));
    }
    return out;
}

const std::vector<persona>& all_personas() {
    static const std::vector<persona> personas = read_embedded();
    return personas;
}

} // namespace

std::string_view to_text(http_offer o) {
    return word_for(offers, o);
}

std::optional<http_offer> find_http_offer(std::string_view text) {
    return choice_for(offers, text);
}

std::vector<std::string> http_offer_names() {
    std::vector<std::string> out;
    for (const auto& [offer, name] : offers) {
        out.emplace_back(name);
    }
    return out;
}

std::vector<std::string> alpn_of(http_offer o) {
    if (o == http_offer::negotiate) {
        return {"h2", "http/1.1"};
    }
    return {std::string{to_text(o)}};
}

std::string_view to_text(platform p) {
    return word_for(platform_words, p);
}
std::string_view to_text(form f) {
    return word_for(form_words, f);
}
std::string_view to_text(bootstrap_escrow e) {
    return word_for(escrow_words, e);
}
std::string_view to_text(udid_shape s) {
    return word_for(udid_words, s);
}
std::string_view to_text(cms_attributes a) {
    return word_for(attribute_words, a);
}
std::string_view to_text(cms_chain c) {
    return word_for(chain_words, c);
}

bool persona::has_quirk(std::string_view quirk_name) const {
    return notes &&
           std::ranges::find(notes->quirks, quirk_name, &quirk::name) != notes->quirks.end();
}

const persona* find_persona(std::string_view name) {
    const auto& all = all_personas();
    const auto found = std::ranges::find(all, name, &persona::name);
    return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> persona_names() {
    std::vector<std::string> out;
    for (const auto& p : all_personas()) {
        out.push_back(p.name);
    }
    return out;
}

bool names_a_file(std::string_view persona) {
    return persona.contains('/') || persona.ends_with(".yaml") || persona.ends_with(".yml");
}

} // namespace pomona::sim::mac
