// `pomona mac create|list|show|delete`, and what is kept of a Mac in words. No server is needed.
#include "macs.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/protocol/crypto/certificate.hpp"
#include "pomona/protocol/ddm/messages.hpp"
#include "pomona/protocol/plist/codec.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iostream>

namespace pomona::cli::macs {
namespace {

using json = nlohmann::ordered_json;

std::string text_of(const plist::dict* d, std::string_view key) {
    const auto* text = d == nullptr ? nullptr : d->string(key);
    return text == nullptr ? std::string{} : *text;
}
bool flag_of(const plist::dict* d, std::string_view key) {
    const auto* flag = d == nullptr ? nullptr : d->boolean(key);
    return flag != nullptr && *flag;
}

/// What a snapshot says, for people: no secret among it.
class view {
  public:
    explicit view(const stack::kept_mac& kept) : kept_{&kept} {
        if (auto read = plist::parse_dict(kept.snapshot)) {
            snapshot_ = *std::move(read);
        }
        hardware_ = snapshot_.dictionary("Hardware");
        persona_ = hardware_ == nullptr ? nullptr : hardware_->dictionary("Persona");
        device_ = snapshot_.dictionary("Device");
    }

    [[nodiscard]] json identity() const {
        const auto* e = snapshot_.dictionary("Enrollment");
        const auto* der = e == nullptr ? nullptr : e->data("Certificate");
        const auto cert = der == nullptr
                              ? fail(std::make_error_code(std::errc::no_message))
                              : crypto::certificate::from_der(crypto::context::system(), *der);
        if (!cert) {
            return nullptr;
        }
        return {{"sha256", to_hex(cert->sha256())},
                {"serial", cert->serial_hex()},
                {"subject", crypto::to_text(cert->subject())},
                {"issuer", crypto::to_text(cert->issuer())},
                {"not_after", to_rfc3339(cert->not_after())}};
    }

    static json profiles(const plist::dict* channel) {
        auto out = json::array();
        const auto* list = channel == nullptr ? nullptr : channel->list("Profiles");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const auto* d = (*list)[i].get<plist::dict>();
            const auto* data = d == nullptr ? nullptr : d->data("Profile");
            const auto profile = data == nullptr ? result<plist::dict>{} : plist::parse_dict(*data);
            if (!profile) {
                continue;
            }
            out.push_back({{"identifier", text_of(&*profile, "PayloadIdentifier")},
                           {"uuid", text_of(&*profile, "PayloadUUID")},
                           {"name", text_of(&*profile, "PayloadDisplayName")},
                           {"from", text_of(d, "Origin")}});
        }
        return out;
    }

    static json declarations(const plist::dict* channel) {
        auto out = json::array();
        const auto* ddm = channel == nullptr ? nullptr : channel->dictionary("Declarations");
        const auto* list = ddm == nullptr ? nullptr : ddm->list("declarations");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const auto* data = (*list)[i].get<bytes>();
            const auto d =
                data == nullptr ? fail(ddm::errc::wrong_type) : ddm::parse_declaration(*data);
            if (d) {
                out.push_back({{"identifier", d->identifier},
                               {"type", d->type},
                               {"server_token", d->server_token}});
            }
        }
        return out;
    }

    static std::string token(const plist::dict* channel) {
        const auto* token = channel == nullptr ? nullptr : channel->data("Token");
        return token == nullptr ? std::string{} : to_hex(*token);
    }

    [[nodiscard]] json users() const {
        auto out = json::array();
        const auto* list = snapshot_.list("Users");
        const auto console = text_of(&snapshot_, "Console");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const auto* d = (*list)[i].get<plist::dict>();
            const auto* user = d == nullptr ? nullptr : d->dictionary("User");
            const auto name = text_of(user, "ShortName");
            out.push_back({{"short_name", name},
                           {"id", text_of(user, "ID")},
                           {"logged_in", flag_of(d, "LoggedIn")},
                           {"at_the_screen", !name.empty() && name == console},
                           {"keychain_locked", flag_of(d, "KeychainLocked")},
                           {"channel_open", flag_of(d, "Open")},
                           {"push_token", token(d)},
                           {"profiles", profiles(d)},
                           {"declarations", declarations(d)}});
        }
        return out;
    }

    [[nodiscard]] json all() const {
        const auto* condition = snapshot_.dictionary("Condition");
        const auto* list = snapshot_.list("Scripted");
        return {{"name", kept_->name},
                {"persona", text_of(persona_, "name")},
                {"model", text_of(persona_, "model")},
                {"os", text_of(persona_, "os_version")},
                {"build", text_of(persona_, "build_version")},
                {"udid", text_of(hardware_, "UDID")},
                {"serial", text_of(hardware_, "SerialNumber")},
                {"state", text_of(&snapshot_, "Phase")},
                {"online", flag_of(condition, "Online")},
                {"enroll_url", kept_->link.enroll_url},
                {"push_service",
                 kept_->link.push_host.empty()
                     ? std::string{}
                     : fmt::format("{}:{}", kept_->link.push_host, kept_->link.push_port)},
                {"push_token", token(device_)},
                {"identity", identity()},
                {"profiles", profiles(device_)},
                {"declarations", declarations(device_)},
                {"users", users()},
                {"scripted_answers", list == nullptr ? 0 : list->size()}};
    }

  private:
    const stack::kept_mac* kept_;
    plist::dict snapshot_;
    const plist::dict* hardware_ = nullptr;
    const plist::dict* persona_ = nullptr;
    const plist::dict* device_ = nullptr;
};

std::string word(const json& d, const char* key) {
    const auto& found = d.at(key);
    return found.is_string() ? found.get<std::string>() : found.dump();
}

void add_held(std::string& out, const json& channel, std::string_view indent) {
    for (const auto& p : channel.at("profiles")) {
        out += fmt::format("{}profile      {} ({}, from {})\n", indent, word(p, "identifier"),
                           word(p, "name"), word(p, "from"));
    }
    for (const auto& d : channel.at("declarations")) {
        out += fmt::format("{}declaration  {} ({}, token {})\n", indent, word(d, "identifier"),
                           word(d, "type"), word(d, "server_token"));
    }
}

exit_code list_macs(const settings& s) {
    const auto file = store_file(s);
    if (!file) {
        return file.error();
    }
    auto store = stack::mac_store::open(*file, stack::mac_store::access::read);
    auto all = store ? store->all() : std::unexpected{store.error()};
    if (!all) {
        return store_trouble(all.error());
    }
    if (s.flag("json")) {
        auto out = json::array();
        for (const auto& m : *all) {
            out.push_back(describe_json(m));
        }
        std::cout << out.dump(2) << '\n';
        return exit_code::ok;
    }
    if (all->empty()) {
        std::cout << "no Mac yet: `pomona mac create` or `pomona mac enroll`\n";
        return exit_code::ok;
    }
    const auto row = [](std::string_view a, std::string_view b, std::string_view c,
                        std::string_view d, std::string_view e, std::string_view f) {
        std::cout << fmt::format("{:<14}{:<15}{:<38}{:<12}{:<10}{}\n", a, b, c, d, e, f);
    };
    row("NAME", "STATE", "UDID", "SERIAL", "PROFILES", "PERSONA");
    for (const auto& m : *all) {
        const auto d = describe_json(m);
        row(m.name, word(d, "state"), word(d, "udid"), word(d, "serial"),
            std::to_string(d.at("profiles").size()), word(d, "persona"));
    }
    return exit_code::ok;
}

exit_code show_mac(const settings& s) {
    const auto file = store_file(s);
    if (!file) {
        return file.error();
    }
    if (s.operands().size() != 1) {
        return usage_error("`pomona mac show` takes one name", "`pomona mac list` shows them");
    }
    auto store = stack::mac_store::open(*file, stack::mac_store::access::read);
    auto all = store ? store->all() : std::unexpected{store.error()};
    if (!all) {
        return store_trouble(all.error());
    }
    std::vector<std::string> names;
    for (const auto& m : *all) {
        names.push_back(m.name);
        if (m.name == s.operands().front()) {
            std::cout << (s.flag("json") ? describe_json(m).dump(2) + '\n' : describe(m));
            return exit_code::ok;
        }
    }
    return no_such_mac(s.operands().front(), names);
}

exit_code delete_macs(const settings& s) {
    auto w = work::open(s);
    if (!w) {
        return w.error();
    }
    if (s.operands().empty()) {
        return usage_error("which Mac?", "`pomona mac list` shows them");
    }
    for (const auto& name : s.operands()) {
        const auto done = (*w)->host().remove(name);
        if (!done) {
            return store_trouble(done.error());
        }
        if (!*done) {
            return no_such_mac(name, (*w)->host().names());
        }
        std::cout << name << ": deleted\n";
    }
    return exit_code::ok;
}

} // namespace

json describe_json(const stack::kept_mac& m) {
    return view{m}.all();
}

std::string describe(const stack::kept_mac& m) {
    const auto d = describe_json(m);
    std::string out = fmt::format("{}: {}\n", m.name, word(d, "state"));
    const auto row = [&out](std::string_view key, const std::string& text) {
        if (!text.empty()) {
            out += fmt::format("  {:<13}{}\n", key, text);
        }
    };
    row("persona", word(d, "persona"));
    row("model", fmt::format("{}, {} ({})", word(d, "model"), word(d, "os"), word(d, "build")));
    row("UDID", word(d, "udid"));
    row("serial", word(d, "serial"));
    row("enrolled at", word(d, "enroll_url"));
    row("push service", word(d, "push_service"));
    row("push token", word(d, "push_token"));
    if (const auto& id = d.at("identity"); id.is_object()) {
        row("identity", fmt::format("{} by {}, until {}", word(id, "subject"), word(id, "issuer"),
                                    word(id, "not_after")));
        row("SHA-256", word(id, "sha256"));
    }
    add_held(out, d, "  ");
    for (const auto& u : d.at("users")) {
        const bool in = u.at("logged_in").get<bool>();
        row("user", fmt::format("{} ({}){}{}{}", word(u, "short_name"), word(u, "id"),
                                u.at("at_the_screen").get<bool>() ? ", at the screen"
                                : in                              ? ", in the background"
                                                                  : ", logged out",
                                u.at("channel_open").get<bool>() ? ", channel open" : "",
                                u.at("keychain_locked").get<bool>() ? ", keychain locked" : ""));
        add_held(out, u, "    ");
    }
    if (const auto scripted = d.at("scripted_answers").get<std::size_t>(); scripted > 0) {
        row("answers", fmt::format("{} scripted", scripted));
    }
    return out;
}

std::vector<verb> store_verbs() {
    return {{"list", "", "Lists the Macs that are kept", "list", no_options, list_macs},
            {"show", "NAME", "Shows identity, profiles, declarations, users and state of a Mac",
             "show mac-0001 --json", no_options, show_mac},
            {"delete", "NAME…", "Forgets Macs; their servers hear nothing of it", "delete mac-0001",
             no_options, delete_macs}};
}

} // namespace pomona::cli::macs
