// HTTP/1.1's server side from arbitrary bytes; and a request is the same in whatever pieces it
// comes.
#include "property.hpp"
#include "real/h1_message.hpp"
#include "socket_pair_world.hpp"

namespace {

using namespace pomona;
using namespace pomona::net;
using namespace pomona::net::real;

constexpr h1_limits limits{4096, 4096, 50};

/// Feeds `reader` by pieces of `piece` until it is done or refuses. True when it wants more.
template <class Reader>
void feed(Reader& reader, bytes_view input, std::size_t piece) {
    bytes waiting;
    while (!input.empty() && !reader.done() && reader.fault() == h1_fault::none) {
        const auto some = input.first(std::min(piece, input.size()));
        input = input.subspan(some.size());
        waiting.insert(waiting.end(), some.begin(), some.end());
        const auto taken = reader.put(waiting);
        must(taken <= waiting.size());
        waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(taken));
    }
}

void compare(bytes_view input) {
    h1_request_reader whole{limits};
    h1_request_reader pieces{limits};
    feed(whole, input, input.size());
    feed(pieces, input, 1);
    must(whole.done() == pieces.done() || whole.fault() != h1_fault::none ||
         pieces.fault() != h1_fault::none);
    if (!whole.done() || !pieces.done() || whole.fault() != h1_fault::none ||
        pieces.fault() != h1_fault::none) {
        return;
    }
    const auto& a = whole.message();
    const auto& b = pieces.message();
    must(a.method == b.method && a.target == b.target && a.headers == b.headers &&
         a.body == b.body);
    must(a.body.size() <= limits.body_bytes && a.headers.size() <= limits.header_fields);
    // Written again it is the same request.
    const auto wire = h1_serialize(a);
    h1_request_reader again{{1U << 20U, 1U << 20U, 200}};
    again.put(wire);
    must(again.fault() != h1_fault::none || again.message().headers == a.headers);
}

void read_response(bytes_view input) {
    for (const bool head : {false, true}) {
        for (const std::size_t piece : {std::size_t{1}, input.size()}) {
            h1_response_reader reader{limits, head};
            feed(reader, input, piece);
            if (!reader.done() && reader.fault() == h1_fault::none) {
                reader.put_end();
            }
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input{data, size};
    if (!input.empty()) {
        compare(input);
        read_response(input);
    }
    serve_input(serve_h1, "http/1.1", input);
    return 0;
}
