// Stands in for libFuzzer's main in ordinary builds: runs every file of a corpus folder through the
// target once. No file at all is a failure, so that a moved corpus cannot pass unseen.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& file : std::filesystem::directory_iterator{argv[i]}) {
            std::ifstream in{file.path(), std::ios::binary};
            const std::vector<char> text{std::istreambuf_iterator<char>{in}, {}};
            // A block of exactly the size lets AddressSanitizer see an over-read.
            const std::vector<std::uint8_t> data{text.begin(), text.end()};
            LLVMFuzzerTestOneInput(data.data(), data.size());
            ++count;
        }
    }
    std::printf("%zu inputs\n", count);
    return count == 0 ? 1 : 0;
}
