#include "messages.hpp"
#include "pomona/protocol/mdm/command.hpp"
#include "pomona/protocol/scep/message.hpp"
#include "pomona/trace/decode.hpp"
#include "pomona/trace/redaction.hpp"

#include <gtest/gtest.h>

namespace pomona::trace {
namespace {

using list = std::vector<std::string>;

const crypto::context ctx = test_crypto();

fields of_request(const std::string& channel, const net::request& what) {
    return summarize_request(ctx, on(channel), what);
}
fields of_response(const std::string& channel, const net::response& what,
                   const net::request& to = {}) {
    return summarize_response(ctx, on(channel), to, what);
}

TEST(summary, token_update) {
    const auto s = of_request("checkin", put({{"MessageType", "TokenUpdate"},
                                              {"UDID", "U-1"},
                                              {"UserID", "A-1"},
                                              {"Topic", "com.apple.mgmt.x"},
                                              {"Token", bytes{0xAB, 0x01}},
                                              {"PushMagic", "magic"},
                                              {"NotOnConsole", false},
                                              {"AwaitingConfiguration", true}}));
    EXPECT_EQ(s.text("MessageType"), "TokenUpdate");
    EXPECT_EQ(s.text("UDID"), "U-1");
    EXPECT_EQ(s.text("UserID"), "A-1");
    EXPECT_EQ(s.text("Topic"), "com.apple.mgmt.x");
    EXPECT_EQ(s.text("Token"), "ab01");
    EXPECT_EQ(s.text("PushMagic"), "magic");
    EXPECT_EQ(s.flag("NotOnConsole"), false);
    EXPECT_EQ(s.flag("AwaitingConfiguration"), true);
}

TEST(summary, authenticate_in_binary_form) {
    net::request r{"PUT",
                   "/checkin",
                   {},
                   plist::to_binary(plist::dict{{"MessageType", "Authenticate"},
                                                {"DeviceName", "Anna's Mac"},
                                                {"SerialNumber", "C02X"},
                                                {"EnrollmentID", "E-1"}})};
    const auto s = of_request("checkin", r);
    EXPECT_EQ(s.text("MessageType"), "Authenticate");
    EXPECT_EQ(s.text("DeviceName"), "Anna's Mac");
    EXPECT_EQ(s.text("SerialNumber"), "C02X");
    EXPECT_EQ(s.text("EnrollmentID"), "E-1");
}

TEST(summary, report_with_its_top_error) {
    const plist::dict top{
        {"ErrorCode", 12021}, {"ErrorDomain", "MCMDMErrorDomain"}, {"LocalizedDescription", "no"}};
    const auto s = of_request("mdm", put({{"UDID", "U-1"},
                                          {"Status", "Error"},
                                          {"CommandUUID", "c-1"},
                                          {"ErrorChain", plist::array{top, plist::dict{}}}}));
    EXPECT_EQ(s.text("Status"), "Error");
    EXPECT_EQ(s.text("CommandUUID"), "c-1");
    EXPECT_EQ(s.text("ErrorDomain"), "MCMDMErrorDomain");
    EXPECT_EQ(s.number("ErrorCode"), 12021);
    EXPECT_EQ(s.number("error_chain_length"), 2);
}

TEST(summary, ddm_status_report) {
    const auto data = R"({"StatusItems":{"device":{"model":{"family":"Mac"}},
        "management":{"declarations":{"activations":[{"identifier":"a","valid":"valid","active":true}],
        "configurations":[{"identifier":"c","valid":"invalid","active":false},{"identifier":"d","_removed":true}]}}},
        "Errors":[{}],"FullReport":true})";
    const auto s = of_request("checkin", put({{"MessageType", "DeclarativeManagement"},
                                              {"Endpoint", "status"},
                                              {"Data", to_bytes(data)}}));
    EXPECT_EQ(s.text("Endpoint"), "status");
    EXPECT_EQ(std::get<list>(*s.find("status.items")),
              (list{"device.model.family", "management.declarations"}));
    EXPECT_EQ(s.number("status.declarations"), 3);
    EXPECT_EQ(s.number("status.valid"), 1);
    EXPECT_EQ(s.number("status.active"), 1);
    EXPECT_EQ(s.number("status.errors"), 1);
    EXPECT_EQ(s.flag("FullReport"), true);
}

TEST(summary, ddm_answers) {
    auto s = of_response(
        "checkin",
        answer(
            to_bytes(
                R"({"SyncTokens":{"DeclarationsToken":"t1","Timestamp":"2026-01-01T00:00:00Z"}})"),
            "application/json"));
    EXPECT_EQ(s.text("DeclarationsToken"), "t1");
    s = of_response(
        "checkin",
        answer(
            to_bytes(
                R"({"Declarations":{"Activations":[{}],"Configurations":[{},{}],"Assets":[],"Management":[]},"DeclarationsToken":"t2"})"),
            "application/json"));
    EXPECT_EQ(s.text("DeclarationsToken"), "t2");
    EXPECT_EQ(s.number("activations"), 1);
    EXPECT_EQ(s.number("configurations"), 2);
    EXPECT_EQ(s.number("assets"), 0);
    s = of_response(
        "checkin",
        answer(
            to_bytes(
                R"({"Type":"com.apple.activation.simple","Identifier":"a","ServerToken":"7","Payload":{}})"),
            "application/json"));
    EXPECT_EQ(s.text("Type"), "com.apple.activation.simple");
    EXPECT_EQ(s.text("Identifier"), "a");
    EXPECT_EQ(s.text("ServerToken"), "7");
}

TEST(summary, command_and_what_it_installs) {
    const auto payload = plist::to_xml(plist::dict{
        {"PayloadType", "Configuration"},
        {"PayloadIdentifier", "wifi"},
        {"PayloadContent", plist::array{plist::dict{{"PayloadType", "com.apple.wifi.managed"}}}}});
    const auto s = of_response(
        "mdm",
        answer(plist::to_xml(plist::dict{
            {"CommandUUID", "c-1"},
            {"Command", plist::dict{{"RequestType", "InstallProfile"}, {"Payload", payload}}}})));
    EXPECT_EQ(s.text("CommandUUID"), "c-1");
    EXPECT_EQ(s.text("RequestType"), "InstallProfile");
    EXPECT_EQ(s.text("PayloadIdentifier"), "wifi");
    EXPECT_EQ(std::get<list>(*s.find("payload_types")), list{"com.apple.wifi.managed"});
}

TEST(summary, empty_error_and_unreadable_answers) {
    EXPECT_EQ(of_response("mdm", answer({})).flag("empty"), true);
    for (const auto& body :
         {to_bytes(R"({"code":"com.apple.unrecognized.device","details":{"OSVersion":"26.1"}})"),
          plist::to_xml(plist::dict{{"code", "com.apple.unrecognized.device"},
                                    {"details", plist::dict{{"OSVersion", "26.1"}}}})}) {
        const auto s = of_response("checkin", {403, {}, body});
        EXPECT_EQ(s.text("code"), "com.apple.unrecognized.device");
        EXPECT_EQ(s.text("OSVersion"), "26.1");
    }
    EXPECT_EQ(of_response("mdm", answer(to_bytes("junk"))).flag("malformed"), true);
    EXPECT_EQ(of_request("mdm", {"PUT", "/mdm", {}, to_bytes("<plist>")}).flag("malformed"), true);
}

TEST(summary, never_repeats_a_secret_but_says_that_it_was_there_or_empty) {
    const redactor r{to_bytes("k"), false};
    const auto raw =
        plist::to_xml(plist::dict{{"BootstrapToken", to_bytes("s3cret")}, {"AuthToken", ""}});
    const auto of_raw = of_response("checkin", answer(raw));
    EXPECT_EQ(of_raw.find("BootstrapToken"), nullptr);
    const auto s = of_response("checkin", answer(r.body(raw, "application/xml").body));
    EXPECT_EQ(s.text("BootstrapToken"), r.placeholder("bootstrap-token", as_bytes("s3cret")));
    ASSERT_NE(s.find("AuthToken"), nullptr);
    EXPECT_EQ(s.text("AuthToken"), "");
}

TEST(summary, enrollment_profile_signed_or_bare) {
    const redactor r{to_bytes("k"), false};
    const auto xml = plist::to_xml(enrollment_profile("one-time"));
    const auto cms =
        crypto::sign_attached(xml, make_identity("signer"), *from_rfc3339("2026-01-05T00:00:00Z"))
            .value();
    for (const auto& body : {xml, cms}) {
        const auto raw = of_response("enroll", answer(body, "application/x-apple-aspen-config"));
        EXPECT_EQ(raw.find("Challenge"), nullptr);
        const auto s =
            of_response("enroll", answer(r.body(body, "application/x-apple-aspen-config").body));
        EXPECT_EQ(s.text("PayloadIdentifier"), "example.enroll");
        EXPECT_EQ(std::get<list>(*s.find("payload_types")),
                  (list{"com.apple.security.scep", "com.apple.mdm"}));
        EXPECT_EQ(s.text("Topic"), "com.apple.mgmt.External.x");
        EXPECT_EQ(s.text("ServerURL"), "https://mdm.example/mdm");
        EXPECT_EQ(s.text("CheckInURL"), "https://mdm.example/checkin");
        EXPECT_EQ(s.flag("SignMessage"), true);
        EXPECT_EQ(s.number("AccessRights"), 8191);
        EXPECT_EQ(s.number("Keysize"), 2048);
        EXPECT_EQ(s.number("Key Usage"), 5);
        EXPECT_EQ(s.text("Challenge"), r.placeholder("challenge", as_bytes("one-time")));
    }
}

TEST(summary, machine_info_in_body_or_header) {
    const plist::dict info{
        {"UDID", "U-1"}, {"SERIAL", "C02"}, {"MDM_CAN_REQUEST_SOFTWARE_UPDATE", true}};
    const auto cms = crypto::sign_attached(plist::to_xml(info), make_identity("device"),
                                           *from_rfc3339("2026-01-05T00:00:00Z"))
                         .value();
    for (const auto& r :
         {net::request{"POST", "/ade", {{"Content-Type", "application/pkcs7-signature"}}, cms},
          net::request{"GET", "/ade", {{"x-apple-aspen-deviceinfo", to_base64(cms)}}, {}}}) {
        const auto s = of_request("enroll", r);
        EXPECT_EQ(s.text("UDID"), "U-1");
        EXPECT_EQ(s.text("SERIAL"), "C02");
        EXPECT_EQ(s.flag("MDM_CAN_REQUEST_SOFTWARE_UPDATE"), true);
    }
}

TEST(summary, scep_capabilities_and_certificates) {
    const net::request caps{"GET", "/scep?operation=GetCACaps", {}, {}};
    EXPECT_EQ(of_request("scep", caps).text("operation"), "GetCACaps");
    const auto s =
        of_response("scep", answer(to_bytes("AES\r\nSHA-256\nodd word "), "text/plain"), caps);
    EXPECT_EQ(s.text("content_type"), "text/plain");
    EXPECT_EQ(std::get<list>(*s.find("caps")), (list{"AES", "SHA-256", "odd word"}));
    const auto ca = make_identity("ca");
    const net::request get{"GET", "/scep?operation=GetCACert&message=0", {}, {}};
    EXPECT_EQ(std::get<list>(*of_response("scep", answer(ca.cert.der()), get).find("certificates")),
              list{to_hex(ca.cert.sha256())});
}

// SCEP-011: transactionID, recipientNonce, pkiStatus and messageType are what a check of CertRep
// reads.
TEST(summary, scep_messages_both_ways) {
    const auto client = make_identity("client", true);
    const auto ca = make_identity("ca", true);
    const auto now = *from_rfc3339("2026-01-05T00:00:00Z");
    const auto csr =
        crypto::make_request(
            {.subject = {{"CN", "mac"}}, .challenge = "s", .usage = {}, .dns_names = {}},
            client.key)
            .value();
    const auto message =
        scep::build_request(
            ctx, csr, ca.cert, client,
            {.transaction_id = "T-1", .sender_nonce = bytes(16, 7), .signing_time = now})
            .value();
    const net::request post{"POST", "/scep?operation=PKIOperation", {}, message};
    const net::request get{"GET",
                           "/scep?operation=PKIOperation&message=" +
                               percent_encode(to_base64(message)),
                           {},
                           {}};
    for (const auto& r : {post, get}) {
        const auto s = of_request("scep", r);
        EXPECT_EQ(s.number("message_bytes"), static_cast<std::int64_t>(message.size()));
        EXPECT_EQ(s.text("messageType"), "PKCSReq");
        EXPECT_EQ(s.text("transactionID"), "T-1");
        EXPECT_EQ(s.text("senderNonce"), to_hex(bytes(16, 7)));
        EXPECT_EQ(s.text("signature"), "valid");
        EXPECT_EQ(s.text("signer"), to_hex(client.cert.sha256()));
        EXPECT_EQ(s.flag("signer_self_signed"), true);
    }
    const auto refusal = scep::build_failure(ctx, scep::fail_info::bad_request, "no", ca,
                                             {.transaction_id = "T-1",
                                              .recipient_nonce = bytes(16, 7),
                                              .sender_nonce = bytes(16, 8),
                                              .signing_time = now})
                             .value();
    const auto s = of_response("scep", answer(refusal, "application/x-pki-message"), post);
    EXPECT_EQ(s.text("messageType"), "CertRep");
    EXPECT_EQ(s.text("pkiStatus"), "FAILURE");
    EXPECT_EQ(s.text("failInfo"), "badRequest");
    EXPECT_EQ(s.text("recipientNonce"), to_hex(bytes(16, 7)));
    auto broken = post;
    broken.body.back() ^= 1U;
    EXPECT_NE(of_request("scep", broken).text("signature"), "valid");
    broken.body = to_bytes("junk");
    EXPECT_EQ(of_request("scep", broken).text("signature"), "unreadable");
}

TEST(summary, push_and_its_answer) {
    const net::request r{"POST",
                         "/3/device/ABCD",
                         {{"apns-topic", "com.apple.mgmt.x"},
                          {"apns-push-type", "mdm"},
                          {"apns-id", "I"},
                          {"apns-expiration", "0"},
                          {"apns-priority", "10"}},
                         to_bytes(R"({"mdm":"magic"})")};
    auto s = of_request("apns", r);
    EXPECT_EQ(s.text("Token"), "abcd");
    EXPECT_EQ(s.text("Topic"), "com.apple.mgmt.x");
    EXPECT_EQ(s.text("push_type"), "mdm");
    EXPECT_EQ(s.text("PushMagic"), "magic");
    EXPECT_EQ(s.text("apns_id"), "I");
    EXPECT_EQ(s.text("expiration"), "0");
    EXPECT_EQ(s.text("priority"), "10");
    EXPECT_EQ(std::get<list>(*s.find("payload_keys")), list{"mdm"}); // MDM-CHK-020
    s = of_response(
        "apns", {410, {{"apns-id", "I"}}, to_bytes(R"({"reason":"Unregistered","timestamp":5})")});
    EXPECT_EQ(s.text("reason"), "Unregistered");
    EXPECT_EQ(s.text("apns_id"), "I");
    EXPECT_EQ(s.number("timestamp"), 5);
    s = summarize_stream_message(
        on("apns-device"), as_bytes(R"({"token":"ABCD","topic":"t","payload":{"mdm":"magic"}})"));
    EXPECT_EQ(s.text("Token"), "abcd");
    EXPECT_EQ(s.text("Topic"), "t");
    EXPECT_EQ(s.text("PushMagic"), "magic");
}

TEST(summary, registration_and_delivery_on_the_device_side_of_push) {
    const net::request r{"POST", "/", {}, to_bytes(R"({"device":"U-1","topic":"t"})")};
    EXPECT_EQ(of_request("apns-device", r).text("UDID"), "U-1");
    EXPECT_EQ(of_response("apns-device", answer(to_bytes(R"({"token":"AB"})"))).text("Token"),
              "ab");
    const auto payload = to_base64(as_bytes(R"({"mdm":"magic"})"));
    const auto line = R"({"token":"AB","topic":"t","payload":")" + payload + "\"}";
    EXPECT_EQ(summarize_stream_message(on("apns-device"), as_bytes(line)).text("PushMagic"),
              "magic");
    // In a lab run the magic inside the base64 goes too, and stays comparable.
    const redactor lab{to_bytes("k"), true};
    const auto hidden = lab.body(as_bytes(line), "").body;
    EXPECT_EQ(summarize_stream_message(on("apns-device"), hidden).text("PushMagic"),
              lab.placeholder("push-magic", as_bytes("magic")));
}

TEST(summary, api_in_the_ecosystems_form) {
    auto s = of_request(
        "api",
        {"PUT",
         "/v1/enqueue/U-1,U-2?nopush=1",
         {},
         plist::to_xml(plist::dict{{"CommandUUID", "c"},
                                   {"Command", plist::dict{{"RequestType", "ProfileList"}}}})});
    EXPECT_EQ(s.text("operation"), "/enqueue");
    EXPECT_EQ(s.text("ids"), "U-1,U-2");
    EXPECT_EQ(s.text("CommandUUID"), "c");
    EXPECT_EQ(s.text("RequestType"), "ProfileList");
    s = of_response(
        "api",
        answer(
            to_bytes(
                R"({"status":{"U-1":{"push_error":"gone"}},"command_uuid":"c","request_type":"ProfileList"})"),
            "application/json"));
    EXPECT_EQ(s.text("CommandUUID"), "c");
    EXPECT_EQ(s.text("RequestType"), "ProfileList");
    EXPECT_EQ(s.number("enrollments"), 1);
    EXPECT_EQ(s.text("first_error"), "gone");
}

TEST(summary, hostile_bodies_give_short_summaries) {
    const std::string long_text(100'000, 'x');
    EXPECT_EQ(of_request("mdm", put({{"UDID", long_text}})).text("UDID").size(), 1024U);
    const auto report = R"({"StatusItems":[1],"Errors":{},"FullReport":"yes"})";
    const auto s = of_request(
        "mdm",
        put({{"Data", to_bytes(report)}, {"ErrorChain", plist::array{1}}, {"Token", "text"}}));
    EXPECT_EQ(s.find("FullReport"), nullptr);
    EXPECT_EQ(s.find("Token"), nullptr);
    for (const auto* channel :
         {"mdm", "checkin", "enroll", "scep", "apns", "apns-device", "api", "http"}) {
        for (const auto& body :
             {to_bytes("[]"), to_bytes("{}"), to_bytes("[[1]]"),
              to_bytes(R"({"status":[],"payload":1,"SyncTokens":3,"Servers":{},"devices":1})"),
              plist::to_xml(plist::array{1}), bytes{0x30, 0x80}, bytes{0}}) {
            static_cast<void>(of_request(channel, {"POST", "", {}, body}));
            static_cast<void>(of_response(channel, {200, {}, body},
                                          {"POST", "/?operation=PKIOperation", {}, {}}));
            static_cast<void>(
                of_response(channel, {200, {}, body}, {"GET", "/?operation=GetCACert", {}, {}}));
            static_cast<void>(summarize_stream_message(on(channel), body));
        }
    }
}

} // namespace
} // namespace pomona::trace
