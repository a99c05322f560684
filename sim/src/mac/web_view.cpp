#include "mac/web_view.hpp"

#include "mac/html_forms.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/foundation/form.hpp"
#include "pomona/protocol/mdm/keys.hpp"

#include <algorithm>

namespace pomona::sim::mac {
namespace {

/// What a web view of macOS says it is.
constexpr std::string_view web_agent =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
constexpr int most_pages = 30;
constexpr std::size_t max_page = std::size_t{1} << 20U;
constexpr std::size_t most_cookies = 50;
constexpr std::size_t max_cookie = 4096;

/// Names and values by host, for as long as the web view is open. Choice: paths and ends are not
/// looked at.
class cookie_jar {
  public:
    void take(const std::string& host, const net::headers& from) {
        for (const auto& h : from) {
            if (lower_equal(h.name, "set-cookie") && h.value.size() <= max_cookie) {
                put(host, h.value.substr(0, h.value.find(';')));
            }
        }
    }
    [[nodiscard]] std::string for_host(const std::string& host) const {
        std::string out;
        for (const auto& c : all_) {
            if (c.host == host) {
                out += (out.empty() ? "" : "; ") + c.name + '=' + c.value;
            }
        }
        return out;
    }

  private:
    struct cookie {
        std::string host, name, value;
    };
    static bool lower_equal(std::string_view a, std::string_view b) {
        return std::ranges::equal(a, b, {}, [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
    }
    void put(const std::string& host, std::string_view pair) {
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return;
        }
        cookie one{host, std::string{pair.substr(0, equals)}, std::string{pair.substr(equals + 1)}};
        std::erase_if(all_, [&](const cookie& c) { return c.host == host && c.name == one.name; });
        if (all_.size() < most_cookies) {
            all_.push_back(std::move(one));
        }
    }
    std::vector<cookie> all_;
};

/// What to load next.
struct page_load {
    net::url to;
    net::request what;
};

net::request request_for(std::string method, bytes body) {
    net::request out{.method = std::move(method), .target = {}, .headers = {}, .body = {}};
    out.headers = {{"User-Agent", std::string{web_agent}},
                   {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
                   {"Accept-Language", "en"}};
    if (!body.empty()) {
        out.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
        out.body = std::move(body);
    }
    return out;
}

/// RFC 3986 section 5.2, without dot segments: absolute, of the same host, or beside the page.
result<net::url> resolve(const net::url& base, std::string_view reference) {
    const auto text = reference.substr(0, reference.find('#'));
    const auto colon = text.find(':');
    const bool absolute = colon != std::string_view::npos &&
                          colon < std::min(text.find('/'), std::min(text.find('?'), text.size()));
    if (absolute || text.starts_with('/')) {
        return resolve_location(base, text);
    }
    auto out = base;
    const auto path = net::path_of(base.target);
    if (text.empty()) {
        return out;
    }
    out.target = text.starts_with('?')
                     ? std::string{path} + std::string{text}
                     : std::string{path.substr(0, path.rfind('/') + 1)} + std::string{text};
    return out;
}

bool has_type(const html_form& f, std::string_view type) {
    return std::ranges::find(f.controls, type, &html_control::type) != f.controls.end();
}

/// The login form, or one that only passes something on (SAML bindings section 3.5).
const html_form* form_to_use(const std::vector<html_form>& all) {
    const auto with_password =
        std::ranges::find_if(all, [](const html_form& f) { return has_type(f, "password"); });
    if (with_password != all.end()) {
        return &*with_password;
    }
    const auto passing = std::ranges::find_if(all, [](const html_form& f) {
        return f.is_post && std::ranges::all_of(f.controls, [](const html_control& c) {
                   return c.type == "hidden" || c.type == "submit";
               });
    });
    return passing == all.end() ? nullptr : &*passing;
}

bool says_cancel(const html_control& c) {
    return c.type == "submit" && (c.value.find("ancel") != std::string::npos ||
                                  c.name.find("ancel") != std::string::npos);
}

/// The form as the person leaves it; the first button sends it, or the one that cancels.
pomona::form filled_in(const html_form& f, const sign_in* who) {
    pomona::form out;
    bool named = false;
    bool sent = false;
    for (const auto& c : f.controls) {
        if (c.name.empty()) {
            continue;
        }
        if (c.type == "submit") {
            if (!sent && says_cancel(c) == (who != nullptr && who->cancels)) {
                out.push_back({c.name, c.value});
                sent = true;
            }
        } else if (c.type == "password") {
            out.push_back({c.name, who == nullptr ? c.value : who->password});
        } else if ((c.type == "text" || c.type == "email") && who != nullptr && !named) {
            out.push_back({c.name, who->user});
            named = true;
        } else if (c.type != "checkbox" && c.type != "radio" && c.type != "button" &&
                   c.type != "reset" && c.type != "image" && c.type != "file") {
            out.push_back({c.name, c.value});
        }
    }
    return out;
}

/// One web view at work.
class view {
  public:
    view(core& c, web_session how, std::string site)
        : core_{&c},
          how_{std::move(how)},
          site_{std::move(site)},
          web_{c.world(), c.who, c.anonymous(how_.trust ? how_.trust : c.env->system_trust),
               c.env->request_timeout} {}

    using outcome = std::expected<std::optional<page_load>, step_failure>;

    net::task<std::expected<web_end, step_failure>> run(net::url first, std::uint64_t cause) {
        page_load next{.to = std::move(first), .what = request_for("GET", {})};
        next.what.headers.insert(next.what.headers.end(), how_.first.begin(), how_.first.end());
        for (int pages = 0; pages < most_pages; ++pages) {
            if (!core_->is_reachable()) {
                co_return std::unexpected{failed_at("profile", "the Mac is offline", cause, true)};
            }
            if (!next.to.secure) {
                co_return std::unexpected{
                    failed_at("profile", "the web view was led to a page without TLS", cause)};
            }
            auto answer = co_await load(next, cause);
            if (!answer) {
                const auto& e = answer.error();
                co_return std::unexpected{
                    failed_at("profile", e.message(), e.event, !e.after_send)};
            }
            cause = answer->event;
            jar_.take(next.to.server.host, answer->headers);
            note_login(*answer, next.to);
            auto step = after(next, *answer);
            if (!step) {
                co_return std::unexpected{std::move(step.error())};
            }
            if (!*step) {
                co_return web_end{
                    .address = std::move(address_), .answer = *std::move(answer), .event = cause};
            }
            next = **std::move(step);
        }
        co_return std::unexpected{failed_at("profile", "the web view came to no end", cause)};
    }

  private:
    net::task<net::exchange_result> load(page_load what, std::uint64_t cause) {
        if (const auto cookies = jar_.for_host(what.to.server.host);
            !cookies.empty() && (!core_->person || core_->person->keeps_cookies)) {
            what.what.headers.push_back({"Cookie", cookies});
        }
        if (first_.host.empty()) {
            first_ = what.to.server;
        }
        const auto* channel = what.to.server == first_ ? "enroll" : "sign-in";
        return web_.load(what.to, std::move(what.what), channel, cause);
    }

    /// What follows; an empty value: this was the end.
    outcome after(const page_load& from, const net::response& answer) {
        const auto location = net::find_header(answer.headers, "Location");
        if (is_redirect(answer.status) && location) {
            return redirected(from, answer, std::string{*location});
        }
        const auto type = net::media_type(answer.headers);
        if (answer.status == 200 && type == mdm::profile_content_type) {
            if (!is_same_site(from.to.server.host, site_)) { // ENR-113
                return std::unexpected{failed_at(
                    "profile",
                    "the profile came from " + escape(from.to.server.host) + ", not from " + site_,
                    answer.event)};
            }
            return std::nullopt;
        }
        if (answer.status != 200 || (type != "text/html" && type != "application/xhtml+xml")) {
            return std::unexpected{failed_at(
                "profile", "the web view got HTTP " + std::to_string(answer.status), answer.event)};
        }
        return from_page(from, answer);
    }

    outcome redirected(const page_load& from, const net::response& answer, std::string location) {
        if (!how_.scheme.empty() && location.starts_with(how_.scheme)) {
            address_ = std::move(location);
            return std::nullopt;
        }
        auto to = resolve(from.to, location);
        if (!to) {
            return std::unexpected{
                failed_at("profile", "the web view was led to " + escape(location), answer.event)};
        }
        // RFC 9110 section 15.4: 307 and 308 keep the method.
        const bool keeps = answer.status == 307 || answer.status == 308;
        return page_load{.to = *std::move(to),
                         .what = keeps && from.what.method == "POST"
                                     ? request_for("POST", from.what.body)
                                     : request_for("GET", {})};
    }

    outcome from_page(const page_load& from, const net::response& answer) {
        const auto forms = read_html_forms(as_text(answer.body).substr(0, max_page));
        const auto* form = form_to_use(forms);
        if (form == nullptr) {
            return std::unexpected{
                failed_at("profile", "the web view got a page without a login form", answer.event)};
        }
        const bool is_login = has_type(*form, "password");
        if (is_login && !core_->person) {
            return std::unexpected{
                failed_at("profile", "nobody is there to sign in", answer.event)};
        }
        if (is_login && logged_in_) {
            return std::unexpected{
                failed_at("profile", "user name or password was refused", answer.event)};
        }
        const auto fields = write_form(filled_in(*form, is_login ? &*core_->person : nullptr));
        auto to = resolve(from.to, form->action);
        if (!to) {
            return std::unexpected{
                failed_at("profile", "the form leads to " + escape(form->action), answer.event)};
        }
        logged_in_ = logged_in_ || is_login;
        submitting_ = is_login;
        if (!form->is_post) {
            to->target = std::string{net::path_of(to->target)} + '?' + fields;
        }
        return page_load{.to = *std::move(to),
                         .what = form->is_post ? request_for("POST", to_bytes(fields))
                                               : request_for("GET", {})};
    }

    /// What came of the login form, told as soon as its answer is there.
    void note_login(const net::response& answer, const net::url& at) {
        if (!std::exchange(submitting_, false)) {
            return;
        }
        const auto location = net::find_header(answer.headers, "Location").value_or("");
        const auto* password = "refused";
        if (is_redirect(answer.status)) {
            password = net::query_parameter(location, "error") ? "denied" : "accepted";
        } else if (answer.status == 200) {
            const auto forms = read_html_forms(as_text(answer.body).substr(0, max_page));
            const auto* form = form_to_use(forms);
            password = form != nullptr && has_type(*form, "password") ? "refused" : "accepted";
        }
        core_->record("idp-login",
                      {{"user", core_->person->user},
                       {"host", at.server.host},
                       {"outcome", std::string{core_->person->cancels ? "cancelled" : password}}},
                      answer.event);
    }

    core* core_;
    web_session how_;
    std::string site_;
    web_client web_;
    cookie_jar jar_;
    net::endpoint first_;
    std::string address_;
    bool logged_in_ = false;  ///< the login form was sent once
    bool submitting_ = false; ///< its answer is awaited
};

} // namespace

bool is_same_site(std::string_view a, std::string_view b) {
    const auto last_two = [](std::string_view host) {
        const auto last = host.rfind('.');
        if (last == std::string_view::npos || last == 0 || host.find(':') != host.npos ||
            (host.back() >= '0' && host.back() <= '9')) { // an address, or one label
            return host;
        }
        const auto before = host.rfind('.', last - 1);
        return before == std::string_view::npos ? host : host.substr(before + 1);
    };
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(last_two(a), last_two(b), {}, lower, lower);
}

net::task<std::expected<web_end, step_failure>> browse(core_ptr self, std::string url,
                                                       web_session how, std::uint64_t cause) {
    auto first = net::parse_url(url);
    if (!first) {
        co_return std::unexpected{failed_at("profile", first.error().message(), cause)};
    }
    auto site = first->server.host;
    view one{*self, std::move(how), std::move(site)};
    co_return co_await one.run(*std::move(first), cause);
}

} // namespace pomona::sim::mac
