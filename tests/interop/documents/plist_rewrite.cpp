// Our property list reader and writers as a filter, so that programs of others can stand on both
// sides of them: plist_rewrite xml|binary <FILE >FILE. Exit 1 when our reader refuses the input.
#include "pomona/protocol/plist/codec.hpp"

#include <iostream>
#include <iterator>
#include <string>

int main(int argc, char** argv) {
    const std::string form = argc == 2 ? argv[1] : "";
    if (form != "xml" && form != "binary") {
        std::cerr << "plist_rewrite xml|binary\n";
        return 64;
    }
    const std::string in{std::istreambuf_iterator<char>{std::cin}, {}};
    const auto read = pomona::plist::parse(pomona::as_bytes(in));
    if (!read) {
        std::cerr << read.error().message() << '\n';
        return 1;
    }
    const auto out = form == "xml" ? pomona::plist::to_xml(*read) : pomona::plist::to_binary(*read);
    std::cout << pomona::as_text(out) << std::flush;
    return std::cout.good() ? 0 : 1;
}
