#include "pomona/protocol/mdm/command.hpp"

#include "fields.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>
#include <array>

namespace pomona::mdm {
namespace {

constexpr std::array<std::string_view, 5> status_names{"Idle", "Acknowledged", "Error",
                                                       "CommandFormatError", "NotNow"};

constexpr std::string_view error_code_key = "ErrorCode";
constexpr std::string_view error_domain_key = "ErrorDomain";
constexpr std::string_view localized_key = "LocalizedDescription";
constexpr std::string_view us_english_key = "USEnglishDescription";

result<std::vector<error_chain_item>> read_errors(const plist::dict& d) {
    std::vector<error_chain_item> out;
    const auto* chain = d.find(key::error_chain);
    if (!chain) {
        return out;
    }
    const auto* items = chain->get<plist::array>();
    if (!items) {
        return fail(errc::wrong_type, "ErrorChain is not an array");
    }
    for (const auto& item : *items) {
        const auto* entry = item.get<plist::dict>();
        if (!entry) {
            return fail(errc::wrong_type, "ErrorChain holds something else than dictionaries");
        }
        // Choice: codes and texts are diagnostics only (Apple, "Sending MDM commands"), so a
        // missing one is not worth losing the report; one of the wrong type is.
        fields f{*entry};
        error_chain_item read;
        read.code = entry->contains(error_code_key) ? f.integer(error_code_key) : 0;
        read.domain = f.text_or(error_domain_key);
        read.localized_description = f.text_or(localized_key);
        read.us_english_description = f.text_or(us_english_key);
        if (auto done = f.outcome(); !done) {
            return std::unexpected(done.error());
        }
        out.push_back(std::move(read));
    }
    return out;
}

plist::array write_errors(const std::vector<error_chain_item>& errors) {
    plist::array out;
    for (const auto& item : errors) {
        plist::dict d{{std::string{error_code_key}, item.code},
                      {std::string{error_domain_key}, item.domain},
                      {std::string{localized_key}, item.localized_description}};
        if (!item.us_english_description.empty()) {
            d.set(us_english_key, item.us_english_description);
        }
        out.emplace_back(std::move(d));
    }
    return out;
}

bool is_envelope_key(std::string_view name) {
    return name == key::status || name == key::command_uuid || name == key::error_chain ||
           name == key::not_on_console || is_sender_key(name);
}

} // namespace

std::string_view to_text(command_status status) {
    return status_names[static_cast<std::size_t>(status)];
}

std::optional<command_status> parse_status(std::string_view text) {
    const auto* found = std::ranges::find(status_names, text);
    if (found == status_names.end()) {
        return std::nullopt;
    }
    return static_cast<command_status>(found - status_names.begin());
}

result<report> parse_report(bytes_view bytes) {
    auto d = read_body(bytes);
    if (!d) {
        return std::unexpected(std::move(d.error()));
    }
    auto from = read_sender(*d);
    if (!from) {
        return std::unexpected(std::move(from.error()));
    }
    report out;
    out.from = std::move(*from);
    fields f{*d};
    const auto status = f.text(key::status);
    // MDM-CHK-061: every status but Idle names the command.
    const auto parsed = parse_status(status);
    out.uuid = command_uuid{parsed == command_status::idle ? f.text_or(key::command_uuid)
                                                           : f.text(key::command_uuid)};
    out.not_on_console = f.flag_if_any(key::not_on_console);
    if (auto read = f.outcome(); !read) {
        return std::unexpected(read.error());
    }
    if (!parsed) {
        return fail(errc::malformed, "Status", status);
    }
    out.status = *parsed;
    auto errors = read_errors(*d);
    if (!errors) {
        return std::unexpected(std::move(errors.error()));
    }
    out.errors = std::move(*errors);
    std::vector<plist::entry> rest;
    std::ranges::copy_if(*d, std::back_inserter(rest),
                         [](const plist::entry& e) { return !is_envelope_key(e.key); });
    out.result = plist::dict::from_entries(std::move(rest));
    return out;
}

bytes write_report(const report& r) {
    plist::dict d;
    write_sender(d, r.from);
    d.set(key::status, to_text(r.status));
    if (!r.uuid.empty()) {
        d.set(key::command_uuid, r.uuid.value());
    }
    // Apple, "DeclarativeManagementResponse" and the like: a key of the user channel.
    if (r.not_on_console && r.from.is_user_channel()) {
        d.set(key::not_on_console, *r.not_on_console);
    }
    if (!r.errors.empty()) {
        d.set(key::error_chain, write_errors(r.errors));
    }
    for (const auto& e : r.result) {
        if (!is_envelope_key(e.key)) {
            d.set(e.key, e.item);
        }
    }
    return plist::to_xml(std::move(d));
}

result<command> parse_command(bytes_view bytes) {
    auto d = read_body(bytes);
    if (!d) {
        return std::unexpected(std::move(d.error()));
    }
    fields outer{*d};
    command out;
    out.uuid = command_uuid{outer.text(key::command_uuid)};
    out.body = outer.dictionary(key::command);
    if (auto read = outer.outcome(); !read) {
        return std::unexpected(read.error());
    }
    fields inner{out.body};
    out.request_type = inner.text(key::request_type);
    if (auto read = inner.outcome(); !read) {
        return std::unexpected(read.error());
    }
    return out;
}

bytes write_command(const command& c) {
    auto body = c.body;
    body.set(key::request_type, c.request_type);
    return plist::to_xml(plist::dict{{std::string{key::command_uuid}, c.uuid.value()},
                                     {std::string{key::command}, std::move(body)}});
}

} // namespace pomona::mdm
