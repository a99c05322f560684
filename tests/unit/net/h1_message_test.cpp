// HTTP/1.1 requests as hostile peers write them, in pieces of every size.
#include "pomona/foundation/bytes.hpp"
#include "real/h1_message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pomona::net::real {
namespace {

constexpr std::string_view chunked_head =
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What came of `text` when it arrives `piece` bytes at a time.
struct arrival {
    explicit arrival(std::string_view text, std::size_t piece, h1_limits limits = {1000, 1000, 20})
        : reader{limits} {
        bytes waiting;
        for (std::size_t at = 0; at < text.size() && !over(); at += piece) {
            const auto more = as_bytes(text.substr(at, piece));
            waiting.insert(waiting.end(), more.begin(), more.end());
            const auto taken = reader.put(waiting);
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(taken));
        }
    }
    bool over() const { return reader.done() || reader.fault() != h1_fault::none; }
    h1_request_reader reader;
};

std::string with_chunked_head(std::string_view rest) {
    return std::string{chunked_head} + std::string{rest};
}

TEST(h1_request, a_chunked_body_may_come_in_pieces_of_any_size) {
    for (const std::string_view body : {"", "3\r\nabc\r\n", "1\r\nx\r\nA\r\n0123456789\r\n"}) {
        const auto text = with_chunked_head(std::string{body} + "0\r\n\r\n");
        for (std::size_t piece = 1; piece <= text.size(); ++piece) {
            const arrival got{text, piece};
            EXPECT_TRUE(got.reader.done()) << body << " in pieces of " << piece;
        }
    }
}

TEST(h1_request, the_header_limit_holds_for_a_header_in_small_pieces) {
    std::string text = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 15; ++i) {
        text += "a: " + std::string(90, 'b') + "\r\n";
    }
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{96}, std::size_t{97}, text.size()}) {
        EXPECT_EQ((arrival{text, piece}.reader.fault()), h1_fault::header_too_large) << piece;
    }
}

TEST(h1_request, more_fields_than_allowed_are_a_header_too_large) {
    std::string text = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 20; ++i) {
        text += "a:\r\n";
    }
    EXPECT_EQ((arrival{text + "\r\n", text.size() + 2}.reader.fault()), h1_fault::header_too_large);
}

TEST(h1_request, trailers_add_nothing_to_the_header) {
    arrival got{with_chunked_head("1\r\nx\r\n0\r\nMdm-Signature: y\r\n\r\n"), 7};
    ASSERT_TRUE(got.reader.done());
    EXPECT_FALSE(find_header(got.reader.message().headers, "Mdm-Signature"));
    EXPECT_EQ(as_text(got.reader.message().body), "x");
}

TEST(h1_request, what_leaves_the_bodys_end_open_is_refused) {
    for (const std::string_view fields : {
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
             "Transfer-Encoding: xchunked\r\n",
             "Transfer-Encoding: chunked, identity\r\n",
             "Transfer-Encoding: gzip, chunked\r\n",
             "Transfer-Encoding: identity\r\nContent-Length: 1\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding : chunked\r\n",
             "Content-Length: 5\r\nContent-Length: 6\r\n",
             "Content-Length: 5, 6\r\n",
             "Content-Length: -1\r\n",
             "Content-Length: +5\r\n",
             "Content-Length: 0x5\r\n",
             "Content-Length: 5 5\r\n",
             "Content-Length: \r\n",
             "Content-Length: 99999999999999999999999\r\n",
             "Content-Length : 5\r\n",
         }) {
        const auto text =
            "POST / HTTP/1.1\r\nHost: x\r\n" + std::string{fields} + "\r\n5\r\nhello\r\n0\r\n\r\n";
        const arrival got{text, text.size()};
        EXPECT_EQ(got.reader.fault(), h1_fault::garbage) << fields;
    }
    const std::string old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    EXPECT_EQ((arrival{old, old.size()}.reader.fault()), h1_fault::garbage);
    const std::string huge =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n";
    EXPECT_EQ((arrival{huge, huge.size()}.reader.fault()), h1_fault::body_too_large);
}

TEST(h1_request, broken_chunks_are_refused) {
    for (const std::string_view body :
         {"g\r\n", "-1\r\nx\r\n0\r\n\r\n", "1\r\nxx\r\n0\r\n\r\n", "ffffffffffffffffff\r\n",
          "\r\n\r\n\r\n", "0\r\nbad field\r\n\r\n", "0\r\nContent-Length: 3\r\n\r\n"}) {
        const auto text = with_chunked_head(body);
        EXPECT_NE((arrival{text, text.size()}.reader.fault()), h1_fault::none) << body;
        EXPECT_FALSE((arrival{text, 1}.reader.done())) << body;
    }
}

} // namespace
} // namespace pomona::net::real
