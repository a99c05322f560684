// HTTP/2's server side from arbitrary frames. An even first octet stands for the client's preface.
#include "socket_pair_world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pomona;
    if (size == 0) {
        return 0;
    }
    const bytes_view input{data, size};
    bytes said;
    if (data[0] % 2 == 0) {
        said = to_bytes(std::string_view{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33});
    }
    said.insert(said.end(), input.begin() + 1, input.end());
    net::real::serve_input(net::real::serve_h2, "h2", said);
    return 0;
}
