// What answers each kind of request, and the pages it shows. No I/O: a request in, an answer out.
#pragma once

#include "idp/state.hpp"

namespace pomona::sim::idp {

// oidc_documents.cpp
net::response answer_discovery(const state& s);
net::response answer_keys(const state& s);
net::response answer_userinfo(state& s, const net::request& what);
// oidc_authorize.cpp
net::response answer_authorize(state& s, const net::request& what);
/// The user has signed in.
net::response finish_oidc(state& s, const oidc_request& to, const user& who);
/// Back to the client with `error` (RFC 6749 section 4.1.2.1).
net::response refuse_oidc(state& s, const oidc_request& to, std::string_view error,
                          std::string_view why);
// oidc_token.cpp
net::response answer_token(state& s, const net::request& what);
// login.cpp
/// Keeps what waits and shows the login page.
net::response ask_to_sign_in(state& s, pending_login what);
net::response answer_login(state& s, const net::request& what);
// saml_sso.cpp
net::response answer_saml_metadata(const state& s);
net::response answer_saml_sso(state& s, const net::request& what);
/// The user has signed in; what the service provider is told goes out by form.
net::response finish_saml(state& s, const saml_request& to, const user& who);
/// Status Responder, AuthnFailed.
net::response refuse_saml(state& s, const saml_request& to);
// manage.cpp
net::reply answer_management(state& s, const net::request& what);

// answers.cpp
net::response page(unsigned status, std::string_view title, std::string_view body);
net::response wrong_method(std::string_view allowed);
net::response see_other(std::string url);
std::string html_escape(std::string_view text);
/// Of query (GET) or form body (POST). nullopt: neither, or broken. RFC 6749 section 3.1: an empty
/// value is as good as none.
std::optional<form> parameters_of(const net::request& what);
/// RFC 6749 section 3.1: parameters must not come twice.
bool has_repeated(const form& fields);
std::string text_of(const form& fields, std::string_view name);
/// `url` with `fields` behind its query.
std::string with_query(std::string url, const form& fields);

} // namespace pomona::sim::idp
