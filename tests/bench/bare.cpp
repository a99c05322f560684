// bench_bare: the bare work, one kind a call (bare.hpp).
#include "bare.hpp"

#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

std::size_t number(const std::string& text) {
    return std::stoull(text);
}

int carry_out(const std::vector<std::string>& a) {
    using namespace pomona::bench;
    if (a.size() == 1 && a[0] == "rsa") {
        time_rsa();
    } else if (a.size() == 3 && a[0] == "serve") {
        serve_echo(a[1], number(a[2]));
    } else if (a.size() == 7 && a[0] == "echo") {
        time_echo(a[1], static_cast<std::uint16_t>(number(a[2])), number(a[3]), number(a[4]),
                  number(a[5]), number(a[6]));
    } else if (a.size() == 5 && a[0] == "handshakes") {
        time_handshakes(a[1], static_cast<std::uint16_t>(number(a[2])), number(a[3]),
                        a[4] == "mutual");
    } else {
        std::cerr << "bench_bare rsa\n"
                     "bench_bare serve FOLDER ANSWER-BYTES\n"
                     "bench_bare echo FOLDER PORT CONNECTIONS ROUNDS BODY-BYTES HEADER-BYTES\n"
                     "bench_bare handshakes FOLDER PORT COUNT mutual|anonymous\n";
        return 64;
    }
    return 0;
}

} // namespace

int main(int count, char** arguments) {
    try {
        return carry_out({arguments + 1, arguments + count});
    } catch (const std::exception& e) {
        std::cerr << "bench_bare: " << e.what() << "\n";
        return 1;
    }
}
