// Automated Device Enrollment by web view, as the server and its identity provider see the Mac.
#include "mac/html_forms.hpp"
#include "mac/web_view.hpp"
#include "pomona/foundation/form.hpp"
#include "pomona/protocol/crypto/cms.hpp"
#include "pomona/protocol/mdm/machine_info.hpp"
#include "scripted_server.hpp"

namespace pomona::sim::mac {
namespace {

using strings = std::vector<std::string>;

TEST(html, forms_are_found_as_a_browser_finds_them) {
    const auto forms = read_html_forms(R"html(<!DOCTYPE html><!-- <form action="/no"> -->
<script>document.write("<form action='/neither'>")</script>
<FORM Method = POST action='/log&amp;in?a=&#x41;'>
<input name=user><input type="PASSWORD" name='pw' value="a&quot;b">
<input type=hidden name=t value="&lt;&#233;&bogus;"><input name=off disabled>
<button name=go value=1>x</button></form><input name=outside>
<form><input type=hidden name=h></form>)html");
    ASSERT_EQ(forms.size(), 2U);
    const auto& f = forms[0];
    EXPECT_TRUE(f.is_post);
    EXPECT_EQ(f.action, "/log&in?a=A");
    ASSERT_EQ(f.controls.size(), 4U);
    EXPECT_EQ(f.controls[0].type, "text");
    EXPECT_EQ(f.controls[1].type, "password");
    EXPECT_EQ(f.controls[1].value, "a\"b");
    EXPECT_EQ(f.controls[2].value, "<\xc3\xa9&bogus;");
    EXPECT_EQ(f.controls[3].type, "submit");
    EXPECT_FALSE(forms[1].is_post);
    EXPECT_EQ(forms[1].action, "");
}

TEST(html, any_bytes_are_taken) {
    for (const auto* page :
         {"", "<", "<form", "<form a", "<form a=", "<form a='", "<input a=\"", "<!--", "<script>",
          "</", "&#", "<form><input value='&#xffffffffff;'>", "<form><input value='&#55296;"}) {
        EXPECT_LE(read_html_forms(page).size(), 1U) << page;
    }
    std::string many;
    for (int i = 0; i < 5000; ++i) {
        many += "<form><input name=a>";
    }
    EXPECT_EQ(read_html_forms(many).size(), 20U);
}

TEST(web_view, sites_are_the_last_two_labels_ENR_113) {
    EXPECT_TRUE(is_same_site("mdm.example.org", "sso.EXAMPLE.org"));
    EXPECT_TRUE(is_same_site("example.org", "a.b.example.org"));
    EXPECT_FALSE(is_same_site("mdm.example.org", "mdm.example.com"));
    EXPECT_FALSE(is_same_site("localhost", "other"));
    EXPECT_TRUE(is_same_site("localhost", "localhost"));
    EXPECT_FALSE(is_same_site("10.0.0.1", "10.1.0.1"));
    EXPECT_FALSE(is_same_site("::1", "::2"));
}

class web_enrollment : public mac_bench {
  public:
    web_enrollment() {
        users = {{.id = "USER-A", .short_name = "alice", .long_name = "Alice"}};
        person = sign_in{.user = "ada", .password = "s&cret"};
    }
    void page(const std::string& at, const std::string& html) {
        server->answer(at, http(200, "text/html; charset=utf-8", html));
    }
    void lead(const std::string& at, const std::string& to, unsigned status = 302,
              const std::string& cookie = {}) {
        auto r = http(status);
        r.headers.push_back({"Location", to});
        if (!cookie.empty()) {
            r.headers.push_back({"Set-Cookie", cookie});
        }
        server->answer(at, std::move(r));
    }
    void login_form(const std::string& at) {
        page(at, R"(<form method="post" action="done"><input type="hidden" name="t" value="1">)"
                 R"(<input name="u"><input type="password" name="p"></form>)");
    }
    static net::task<void> live(web_enrollment* b) {
        b->subject->assign(ade_assignment{.url = b->server->url("/enroll"),
                                          .await_device_configured = false,
                                          .web_url = b->server->url("/web/start?x=1")});
        b->subject->set(b->person);
        const auto done = co_await b->subject->enroll_by_ade();
        b->why = done ? "" : done.error().at + ": " + done.error().reason;
    }
    std::string enroll() {
        run(live(this));
        return why;
    }
    [[nodiscard]] std::string header(const std::string& of, std::string_view name) const {
        return std::string{net::find_header(server->last(of).request.headers, name).value_or("")};
    }
    [[nodiscard]] std::string outcome_of_login() const {
        const auto all = states("idp-login");
        return all.size() == 1 ? std::string{all[0]->summary.text("outcome")} : "";
    }
    std::optional<sign_in> person;
    std::string why = "did not run";
};

// ENR-112, ABM-097.
TEST_F(web_enrollment, the_first_page_alone_is_told_which_mac_it_is) {
    lead("/web/start", "/web/login?next=a%20b", 302, "session=1; Path=/; Secure");
    login_form("/web/login");
    lead("/web/done", server->url("/web/profile"), 303);
    server->script["/web/profile"].push_back(server->profile_answer());
    ASSERT_EQ(enroll(), "");
    const auto info = header("/web/start", "x-apple-aspen-deviceinfo");
    EXPECT_EQ(info.find_first_of("\r\n "), std::string::npos);
    const auto opened = crypto::verify_attached(world->crypto(), from_base64(info).value());
    ASSERT_TRUE(opened);
    const auto machine = mdm::read_machine_info(opened->content).value();
    EXPECT_EQ(machine.serial, subject->machine().serial);
    EXPECT_EQ(server->last("/web/start").request.method, "GET");
    EXPECT_EQ(server->last("/web/start").request.target, "/web/start?x=1");
    for (const auto* later : {"/web/login", "/web/done", "/web/profile"}) {
        EXPECT_EQ(header(later, "x-apple-aspen-deviceinfo"), "") << later;
        EXPECT_EQ(header(later, "Cookie"), "session=1") << later;
    }
    EXPECT_EQ(pomona::to_text(bytes_view{server->last("/web/done").request.body}),
              "t=1&u=ada&p=s%26cret");
    EXPECT_EQ(server->last("/web/profile").request.method, "GET");
    EXPECT_EQ(outcome_of_login(), "accepted");
    EXPECT_EQ(server->count("Authenticate"), 1U);
    EXPECT_EQ(server->count("profile"), 0U); // the web URL wins over the other
}

TEST_F(web_enrollment, cookies_may_be_lost_on_the_way) {
    person->keeps_cookies = false;
    lead("/web/start", "/web/profile", 302, "session=1");
    server->script["/web/profile"].push_back(server->profile_answer());
    ASSERT_EQ(enroll(), "");
    EXPECT_EQ(header("/web/profile", "Cookie"), "");
}

// SAML bindings section 3.5: a form that only passes something on needs nobody.
TEST_F(web_enrollment, a_form_of_hidden_fields_sends_itself) {
    page("/web/start", R"(<form method="post" action="/web/profile">)"
                       R"(<input type="hidden" name="SAMLResponse" value="PHg+"></form>)");
    server->script["/web/profile"].push_back(server->profile_answer());
    person.reset();
    ASSERT_EQ(enroll(), "");
    EXPECT_EQ(pomona::to_text(bytes_view{server->last("/web/profile").request.body}),
              "SAMLResponse=PHg%2B");
}

class web_refused : public web_enrollment {};

// ENR-113, ABM-098: and nothing was begun.
TEST_F(web_refused, a_profile_of_a_foreign_host) {
    server->also_listen_as("elsewhere");
    lead("/web/start", server->foreign_url("/web/profile"));
    server->script["/web/profile"].push_back(server->profile_answer());
    EXPECT_EQ(enroll(), "profile: the profile came from elsewhere, not from localhost");
    EXPECT_EQ(server->count("GetCACert"), 0U);
    EXPECT_EQ(subject->now_in(), phase::unenrolled);
}

TEST_F(web_refused, a_wrong_password) {
    login_form("/web/start");
    login_form("/web/done");
    EXPECT_EQ(enroll(), "profile: user name or password was refused");
    EXPECT_EQ(server->count("/web/done"), 1U);
    EXPECT_EQ(outcome_of_login(), "refused");
}

TEST_F(web_refused, nobody_there) {
    person.reset();
    login_form("/web/start");
    EXPECT_EQ(enroll(), "profile: nobody is there to sign in");
}

TEST_F(web_refused, a_denial) {
    login_form("/web/start");
    lead("/web/done", "/web/back?error=access_denied");
    server->answer("/web/back", http(403));
    EXPECT_EQ(enroll(), "profile: the web view got HTTP 403");
    EXPECT_EQ(outcome_of_login(), "denied");
}

TEST_F(web_refused, plain_http_loops_and_other_pages) {
    lead("/web/start", "http://localhost/");
    EXPECT_EQ(enroll(), "profile: the web view was led to a page without TLS");
}

TEST_F(web_refused, a_loop) {
    for (int i = 0; i < 40; ++i) {
        lead("/web/start", "/web/start");
    }
    EXPECT_EQ(enroll(), "profile: the web view came to no end");
    EXPECT_EQ(server->count("/web/start"), 30U);
}

TEST_F(web_refused, a_page_without_a_form) {
    page("/web/start", "<p>Hello</p>");
    EXPECT_EQ(enroll(), "profile: the web view got a page without a login form");
}

} // namespace
} // namespace pomona::sim::mac
