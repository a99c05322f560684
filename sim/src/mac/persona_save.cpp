// A persona in a Mac's snapshot: what it was made from, whatever the binary holds later.
#include "mac/persona_words.hpp"
#include "pomona/protocol/plist/codec.hpp"

namespace pomona::sim::mac {
namespace {

/// Texts, in one table for both ways.
struct text_field {
    std::string_view key;
    std::string persona::* member;
};
constexpr std::array text_fields{text_field{"name", &persona::name},
                                 text_field{"model", &persona::model},
                                 text_field{"model_name", &persona::model_name},
                                 text_field{"marketing_name", &persona::marketing_name},
                                 text_field{"os_version", &persona::os_version},
                                 text_field{"build_version", &persona::build_version},
                                 text_field{"user_agent", &persona::user_agent},
                                 text_field{"network_agent", &persona::network_agent},
                                 text_field{"model_number", &persona::model_number},
                                 text_field{"board", &persona::board},
                                 text_field{"chip", &persona::chip},
                                 text_field{"ade_agent", &persona::ade_agent},
                                 text_field{"constant_user_id", &persona::constant_user_id}};

struct flag_field {
    std::string_view key;
    bool persona::* member;
};
constexpr std::array flag_fields{
    flag_field{"apple_silicon", &persona::apple_silicon},
    flag_field{"has_battery", &persona::has_battery}, flag_field{"t2", &persona::t2},
    flag_field{"touch_id", &persona::touch_id}, flag_field{"power_nap", &persona::power_nap}};

template <class Choice, std::size_t N>
result<void> read_choice(const plist::dict& saved, std::string_view key,
                         const std::array<word_of<Choice>, N>& words, Choice& into) {
    const auto* text = saved.string(key);
    const auto chosen = text == nullptr ? std::nullopt : choice_for(words, *text);
    if (!chosen) {
        return fail(plist::errc::wrong_type, "persona: " + std::string{key});
    }
    into = *chosen;
    return {};
}

} // namespace

plist::dict save(const persona& p) {
    plist::dict out;
    for (const auto& f : text_fields) {
        out.set(f.key, p.*f.member);
    }
    for (const auto& f : flag_fields) {
        out.set(f.key, p.*f.member);
    }
    out.set("http", to_text(p.http));
    out.set("platform", to_text(p.platform));
    out.set("form", to_text(p.form));
    out.set("bootstrap", to_text(p.bootstrap));
    out.set("udid", to_text(p.udid));
    out.set("signs_with", to_text(p.signs_with));
    out.set("machine_info_chain", to_text(p.machine_info_chain));
    if (p.notes) {
        out.set("about", p.notes->about);
        plist::array quirks;
        for (const auto& q : p.notes->quirks) {
            quirks.emplace_back(plist::dict{{"name", q.name}, {"source", q.source}});
        }
        out.set("quirks", std::move(quirks));
    }
    return out;
}

result<persona> load_persona(const plist::dict& saved) {
    persona out;
    for (const auto& f : text_fields) {
        auto text = plist::require_string(saved, f.key);
        if (!text) {
            return std::unexpected(text.error());
        }
        out.*f.member = *std::move(text);
    }
    for (const auto& f : flag_fields) {
        const auto* flag = saved.boolean(f.key);
        if (flag == nullptr) {
            return fail(plist::errc::missing_key, "persona: " + std::string{f.key});
        }
        out.*f.member = *flag;
    }
    const auto* offer = saved.string("http");
    out.http = find_http_offer(offer == nullptr ? "" : *offer).value_or(http_offer::negotiate);
    for (const auto& read :
         {read_choice(saved, "platform", platform_words, out.platform),
          read_choice(saved, "form", form_words, out.form),
          read_choice(saved, "bootstrap", escrow_words, out.bootstrap),
          read_choice(saved, "udid", udid_words, out.udid),
          read_choice(saved, "signs_with", attribute_words, out.signs_with),
          read_choice(saved, "machine_info_chain", chain_words, out.machine_info_chain)}) {
        if (!read) {
            return std::unexpected(read.error());
        }
    }
    // One copy for all Macs of a persona that the binary still knows by the same facts.
    if (const auto* known = find_persona(out.name); known != nullptr && known->model == out.model &&
                                                    known->build_version == out.build_version) {
        out.notes = known->notes;
        return out;
    }
    auto notes = std::make_shared<persona_notes>();
    if (const auto* about = saved.string("about")) {
        notes->about = *about;
    }
    if (const auto* quirks = saved.list("quirks")) {
        for (const auto& item : *quirks) {
            const auto* q = item.get<plist::dict>();
            const auto* name = q == nullptr ? nullptr : q->string("name");
            const auto* source = q == nullptr ? nullptr : q->string("source");
            if (name != nullptr && source != nullptr) {
                notes->quirks.push_back({.name = *name, .source = *source});
            }
        }
    }
    out.notes = std::move(notes);
    return out;
}

} // namespace pomona::sim::mac
