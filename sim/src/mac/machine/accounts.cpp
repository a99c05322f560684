#include "mac/machine/accounts.hpp"

#include "pomona/protocol/plist/codec.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

constexpr std::string_view hash_kind = "SALTED-SHA512-PBKDF2";
constexpr std::size_t salt_length = 32; ///< schema other/passwordhash.yaml
constexpr std::int64_t first_uid = 501; ///< of macOS: below are the system's own accounts

/// One member of `local_account` and its key, both ways.
template <class Text, class Flag>
void each_member(Text text, Flag flag) {
    text("GUID", &local_account::guid);
    text("ShortName", &local_account::short_name);
    text("FullName", &local_account::full_name);
    flag("Admin", &local_account::admin);
    flag("Hidden", &local_account::hidden);
    flag("Mobile", &local_account::mobile);
    flag("SecureToken", &local_account::secure_token);
    flag("LoggedIn", &local_account::logged_in);
    flag("Locked", &local_account::locked);
    flag("AutoAdmin", &local_account::auto_admin);
}

template <class Text, class Flag>
void each_setup_member(Text text, Flag flag) {
    flag("SkipPrimary", &account_setup::skip_primary);
    flag("PrimaryRegular", &account_setup::primary_regular);
    flag("LockPrimaryInfo", &account_setup::lock_primary_info);
    text("PrimaryFullName", &account_setup::primary_full_name);
    text("PrimaryUserName", &account_setup::primary_user_name);
    text("ManagedShortName", &account_setup::managed_short_name);
}

/// Empty texts and unset flags are left out: most are.
template <class T>
auto text_writer(plist::dict& d, const T& from) {
    return [&d, &from](std::string_view key, std::string T::* member) {
        if (!(from.*member).empty()) {
            d.set(key, from.*member);
        }
    };
}
template <class T>
auto flag_writer(plist::dict& d, const T& from) {
    return [&d, &from](std::string_view key, bool T::* member) {
        if (from.*member) {
            d.set(key, true);
        }
    };
}
template <class T>
auto text_reader(const plist::dict& d, T& to) {
    return [&d, &to](std::string_view key, std::string T::* member) {
        if (const auto* text = d.string(key)) {
            to.*member = *text;
        }
    };
}
template <class T>
auto flag_reader(const plist::dict& d, T& to) {
    return [&d, &to](std::string_view key, bool T::* member) {
        const auto* flag = d.boolean(key);
        to.*member = flag != nullptr && *flag;
    };
}

result<local_account> load_account(const plist::value& item) {
    const auto* d = item.get<plist::dict>();
    if (d == nullptr) {
        return fail(plist::errc::wrong_type, "Accounts holds something that is no dictionary");
    }
    local_account out;
    each_member(text_reader(*d, out), flag_reader(*d, out));
    if (const auto* uid = d->integer("UID")) {
        out.uid = *uid;
    }
    if (const auto* hash = d->data("PasswordHash")) {
        auto read = read_password_hash(*hash);
        if (!read) {
            return fail(plist::errc::malformed, "PasswordHash: " + read.error());
        }
        out.hash = *std::move(read);
    }
    if (out.short_name.empty()) {
        return fail(plist::errc::missing_key, "ShortName of an account");
    }
    return out;
}

} // namespace

std::expected<password_hash, std::string> read_password_hash(bytes_view data) {
    const auto outer = plist::parse_dict(data);
    if (!outer) {
        return std::unexpected{"it is no property list with a dictionary"};
    }
    const auto* inner = outer->dictionary(hash_kind);
    if (inner == nullptr) {
        return std::unexpected{"it has no dictionary " + std::string{hash_kind}};
    }
    const auto* entropy = inner->data("entropy");
    const auto* salt = inner->data("salt");
    const auto* iterations = inner->integer("iterations");
    if (entropy == nullptr || entropy->empty() || iterations == nullptr || *iterations <= 0) {
        return std::unexpected{std::string{"entropy (data) and iterations (integer) are required"}};
    }
    if (salt == nullptr || salt->size() != salt_length) {
        return std::unexpected{std::string{"salt has to be data of 32 bytes"}};
    }
    return password_hash{.entropy = *entropy, .salt = *salt, .iterations = *iterations};
}

plist::dict write_password_hash(const password_hash& h) {
    return {{std::string{hash_kind},
             plist::dict{{"entropy", h.entropy}, {"iterations", h.iterations}, {"salt", h.salt}}}};
}

const local_account* accounts::find(std::string_view short_name) const {
    const auto found = std::ranges::find(all_, short_name, &local_account::short_name);
    return found == all_.end() ? nullptr : &*found;
}

local_account* accounts::find(std::string_view short_name) {
    const auto found = std::ranges::find(all_, short_name, &local_account::short_name);
    return found == all_.end() ? nullptr : &*found;
}

local_account* accounts::by_guid(std::string_view guid) {
    const auto found = std::ranges::find(all_, guid, &local_account::guid);
    return found == all_.end() ? nullptr : &*found;
}

local_account& accounts::add(local_account a) {
    if (auto* known = find(a.short_name)) {
        known->full_name = std::move(a.full_name);
        known->guid = std::move(a.guid);
        return *known;
    }
    if (a.uid == 0) {
        a.uid = first_uid;
        for (const auto& other : all_) { // they are in order
            a.uid += other.uid == a.uid ? 1 : 0;
        }
    }
    // Not so one that MDM made: it gets its token when it first logs in.
    a.secure_token = a.secure_token || (all_.empty() && !a.auto_admin);
    const auto place = std::ranges::upper_bound(all_, a.uid, {}, &local_account::uid);
    return *all_.insert(place, std::move(a));
}

accounts::removal accounts::remove(std::string_view short_name) {
    const auto* found = find(short_name);
    if (found == nullptr) {
        return removal::unknown;
    }
    if (found->logged_in) {
        return removal::logged_in;
    }
    if (found->secure_token && std::ranges::count(all_, true, &local_account::secure_token) == 1) {
        return removal::last_with_token;
    }
    all_.erase(all_.begin() + (found - all_.data()));
    return removal::done;
}

void accounts::set_logged_in(std::string_view short_name, bool on) {
    if (auto* found = find(short_name)) {
        found->logged_in = on;
    }
}

plist::dict accounts::save() const {
    plist::array list;
    for (const auto& a : all_) {
        plist::dict d;
        each_member(text_writer(d, a), flag_writer(d, a));
        d.set("UID", a.uid);
        if (a.hash) {
            d.set("PasswordHash", plist::to_binary(write_password_hash(*a.hash)));
        }
        list.emplace_back(std::move(d));
    }
    plist::dict out{{"Accounts", std::move(list)}};
    if (setup) {
        plist::dict d;
        each_setup_member(text_writer(d, *setup), flag_writer(d, *setup));
        out.set("Setup", std::move(d));
    }
    return out;
}

result<accounts> accounts::load(const plist::dict& saved) {
    accounts out;
    if (const auto* list = saved.list("Accounts")) {
        for (const auto& item : *list) {
            auto read = load_account(item);
            if (!read) {
                return std::unexpected{std::move(read.error())};
            }
            out.all_.push_back(*std::move(read));
        }
    }
    std::ranges::sort(out.all_, {}, &local_account::uid);
    if (const auto* d = saved.dictionary("Setup")) {
        out.setup.emplace();
        each_setup_member(text_reader(*d, *out.setup), flag_reader(*d, *out.setup));
    }
    return out;
}

} // namespace pomona::sim::mac
