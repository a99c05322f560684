// Where each subject's checks are added to the catalogue.
#pragma once

#include "pomona/checks/check.hpp"

#include <vector>

namespace pomona::checks {

void add_mdm_answer_checks(std::vector<check>& to);      // checks_mdm_answers.cpp
void add_mdm_queue_checks(std::vector<check>& to);       // checks_mdm_queue.cpp
void add_push_timing_checks(std::vector<check>& to);     // checks_push_timing.cpp
void add_mdm_device_checks(std::vector<check>& to);      // checks_mdm_device.cpp
void add_session_checks(std::vector<check>& to);         // checks_sessions.cpp
void add_enroll_checks(std::vector<check>& to);          // checks_enroll.cpp
void add_scep_checks(std::vector<check>& to);            // checks_scep.cpp
void add_ddm_server_checks(std::vector<check>& to);      // checks_ddm_server.cpp
void add_scep_message_checks(std::vector<check>& to);    // checks_scep_messages.cpp
void add_ddm_declaration_checks(std::vector<check>& to); // checks_ddm_declarations.cpp
void add_ddm_fetching_checks(std::vector<check>& to);    // checks_ddm_fetching.cpp
void add_ddm_device_checks(std::vector<check>& to);      // checks_ddm_device.cpp
void add_user_channel_checks(std::vector<check>& to);    // checks_user_channel.cpp
void add_schema_checks(std::vector<check>& to);          // checks_schema.cpp
void add_user_login_checks(std::vector<check>& to);      // checks_user_login.cpp
void add_web_view_checks(std::vector<check>& to);        // checks_web_view.cpp
void add_apns_checks(std::vector<check>& to);            // checks_apns.cpp
void add_setup_checks(std::vector<check>& to);           // checks_setup.cpp
void add_bootstrap_token_checks(std::vector<check>& to); // checks_bootstrap_token.cpp

} // namespace pomona::checks
