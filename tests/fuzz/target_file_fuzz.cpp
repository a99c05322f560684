// Target files from arbitrary text, by way of a file in memory.
#include "property.hpp"
#include "target_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const int file = ::memfd_create("target.yaml", 0);
    must(file >= 0 && ::write(file, data, size) == static_cast<ssize_t>(size));
    const auto got = pomona::cli::read_target("/proc/self/fd/" + std::to_string(file));
    must(got || !got.error().empty());
    ::close(file);
    return 0;
}
