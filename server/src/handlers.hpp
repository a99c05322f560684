// What answers each kind of request. Tasks on the world's thread; none throws.
#pragma once

#include "pomona/net/listener.hpp"
#include "service.hpp"

namespace pomona::server {

net::task<net::response> answer_enroll(service_ptr s, net::incoming in);
/// POST /enroll/ade: Automated Device Enrollment.
net::task<net::response> answer_ade(service_ptr s, net::incoming in);
/// For whom an enrollment profile is, when it was asked for by account.
struct profile_for {
    std::string mode = {}; ///< EnrollmentMode: "BYOD" or "ADDE"
    std::string managed_account = {};
    serial_number serial = {}; ///< for this Mac alone; empty: for any
};
/// A fresh signed enrollment profile.
net::task<net::response> give_profile(service_ptr s, profile_for whom);
/// GET /enroll/web: the same by web view, after the user's sign-in.
net::task<net::response> answer_enroll_web(service_ptr s, net::incoming in);
/// Where the provider sends users back to.
std::string sign_in_address(const service& s);
/// The user has to sign in first; fills in what is drawn for that.
net::task<net::response> send_to_provider(service_ptr s, waiting_sign_in what,
                                          std::string login_hint);
net::task<net::response> answer_sign_in_done(service_ptr s, net::incoming in);
/// Account-driven: a token or a code for the Mac of the user who signed in.
net::response finish_account_sign_in(service& s, const waiting_sign_in& waiting,
                                     const signed_in_user& who);
/// Service discovery of account-driven enrollment, and the profile by access token.
net::task<net::response> answer_well_known(service_ptr s, net::incoming in);
net::task<net::response> answer_account_driven(service_ptr s, net::incoming in);
net::task<net::response> answer_scep(service_ptr s, net::incoming in);
net::task<net::response> answer_checkin(service_ptr s, net::incoming in);
net::task<net::response> answer_command_loop(service_ptr s, net::incoming in);
/// DeclarativeManagement, once who asks and what the message says is known.
net::task<net::response> answer_declarative(service_ptr s, presented who,
                                            mdm::declarative_management message);
/// GET of a document that declarations point to.
net::task<net::response> answer_asset(service_ptr s, net::incoming in);
/// Everything under /v1, and /version.
net::task<net::response> answer_api(service_ptr s, net::incoming in);

} // namespace pomona::server
