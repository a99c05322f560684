// The head of a request to the CONNECT proxy: what leads where, and that nothing else leads
// anywhere.
#include "connect_request.hpp"

#include <gtest/gtest.h>

#include <array>

namespace pomona::net {
namespace {

const std::array<tunnel_route, 3> routes{{
    {"api.push.apple.com", 443, {"127.0.0.1", 1}},
    {"api.push.apple.com", 2197, {"127.0.0.1", 2}},
    {"mdmenrollment.apple.com", 443, {"127.0.0.1", 3}},
}};

/// The port it leads to, or the status that refuses it.
int judged(std::string_view head) {
    const auto found = read_connect_request(head, routes);
    return found ? (*found)->to.port : std::stoi(found.error().substr(9, 3));
}

TEST(connect_request, known_names_lead_to_their_services) {
    EXPECT_EQ(judged("CONNECT api.push.apple.com:443 HTTP/1.1\r\n\r\n"), 1);
    EXPECT_EQ(judged("CONNECT api.push.apple.com:2197 HTTP/1.1\r\nHost: x\r\n\r\n"), 2);
    EXPECT_EQ(judged("CONNECT MDMEnrollment.Apple.COM.:443 HTTP/1.0\r\nA:\r\n\r\n"), 3);
}

TEST(connect_request, every_other_name_is_refused) {
    for (const auto* to :
         {"api.push.apple.com:80", "example.org:443", "127.0.0.1:443", "[::1]:443", "localhost:443",
          "api.push.apple.com.example.org:443", "xapi.push.apple.com:443", "*:443"}) {
        const auto head = "CONNECT " + std::string{to} + " HTTP/1.1\r\n\r\n";
        EXPECT_EQ(judged(head), 403) << to;
        EXPECT_NE(read_connect_request(head, routes).error().find("nothing leaves this machine"),
                  std::string::npos);
    }
    EXPECT_EQ(judged("GET http://mdmenrollment.apple.com/ HTTP/1.1\r\n\r\n"), 405);
    EXPECT_NE(read_connect_request("GET / HTTP/1.1\r\n\r\n", routes).error().find("Allow: CONNECT"),
              std::string::npos);
}

TEST(connect_request, hostile_heads_are_refused) {
    for (const std::string_view head :
         {std::string_view{""}, std::string_view{"\r\n\r\n"}, std::string_view{"CONNECT\r\n\r\n"},
          std::string_view{"CONNECT  HTTP/1.1\r\n\r\n"},
          std::string_view{"CONNECT a HTTP/1.1\r\n\r\n"},
          std::string_view{"CONNECT :443 HTTP/1.1\r\n\r\n"},
          std::string_view{"CONNECT a:0 HTTP/1.1\r\n\r\n"},
          std::string_view{"CONNECT a:65536 HTTP/1.1\r\n\r\n"},
          std::string_view{"CONNECT a:+443 HTTP/1.1\r\n\r\n"},
          std::string_view{"CONNECT api.push.apple.com:443 HTTP/2.0\r\n\r\n"},
          std::string_view{"CONNECT api.push.apple.com:443 HTTP/1.1\r\nno colon\r\n\r\n"},
          std::string_view{"CONNECT api.push.apple.com:443 HTTP/1.1\r\n: x\r\n\r\n"},
          std::string_view{"CONNECT api.push.apple.com:443 HTTP/1.1\r\nA: b\0c\r\n\r\n", 52},
          std::string_view{"\x16\x03\x01\x02\r\n\r\n", 8}}) {
        EXPECT_EQ(judged(head), 400) << head;
    }
    // A name with what would end a line or a terminal's patience is told escaped.
    const auto refused =
        read_connect_request("CONNECT \xff\xfe:443 HTTP/1.1\r\n\r\n", routes).error();
    EXPECT_EQ(refused.find('\xff'), std::string::npos);
}

} // namespace
} // namespace pomona::net
