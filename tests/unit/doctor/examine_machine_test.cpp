// The machine's limits against a plan.
#include "pomona/doctor/doctor.hpp"
#include "pomona/test/temp_folder.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sys/resource.h>

namespace pomona::doctor {
namespace {

namespace fs = std::filesystem;

const finding* find(const report& r, std::string_view id) {
    for (const auto& f : r.findings) {
        if (f.id == id) {
            return &f;
        }
    }
    return nullptr;
}

verdict of(const report& r, std::string_view id) {
    const auto* f = find(r, id);
    EXPECT_NE(f, nullptr) << id;
    return f == nullptr ? verdict::ok : f->verdict;
}

machine_plan plan(std::size_t macs, const fs::path& keys) {
    return {.macs = macs, .with_server = true, .out = keys.parent_path() / "run", .keys = keys};
}

TEST(machine, a_plan_within_its_limits_is_usable) {
    const test::temp_folder temp;
    const auto r = examine_machine(plan(3, temp.path() / "keys"));
    EXPECT_EQ(r.worst(), verdict::ok);
    EXPECT_NE(find(r, "key-pool")->what.find("3 will be made first"), std::string::npos);
    EXPECT_FALSE(fs::exists(temp.path() / "keys")) << "it only looks";
}

TEST(machine, the_limit_of_open_files_is_judged_against_the_plan) {
    const test::temp_folder temp;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const auto limit = static_cast<std::size_t>(before.rlim_max);
    const auto at = [&](std::size_t macs) {
        return of(examine_machine(plan(macs, temp.path() / "keys")), "open-files");
    };
    EXPECT_EQ(at((limit - 64) / 3), verdict::ok);
    EXPECT_EQ(at((limit - 64) / 3 + 1), verdict::warn);
    EXPECT_EQ(at((limit - 64) / 2), verdict::warn);
    EXPECT_EQ(at((limit - 64) / 2 + 1), verdict::problem);
}

TEST(machine, raises_its_own_limit_to_what_it_may_have) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit less = before;
    less.rlim_cur = 256;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &less), 0);
    raise_open_files();
    rlimit after{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(after.rlim_cur, before.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(machine, a_key_pool_has_to_have_a_place_and_be_private) {
    const test::temp_folder temp;
    EXPECT_EQ(
        of(examine_machine({.macs = 1, .with_server = true, .out = {}, .keys = {}}), "key-pool"),
        verdict::problem);
    std::ofstream{temp.path() / "file"} << "no folder";
    EXPECT_EQ(of(examine_machine(plan(1, temp.path() / "file" / "keys")), "key-pool"),
              verdict::problem);
    const auto keys = temp.path() / "keys";
    fs::create_directory(keys);
    fs::permissions(keys, fs::perms::owner_all | fs::perms::others_read);
    EXPECT_EQ(of(examine_machine(plan(1, keys)), "key-folder-open"), verdict::warn);
    std::ofstream{keys / "000001.keys"} << "secret";
    fs::permissions(keys / "000001.keys", fs::perms::owner_read | fs::perms::group_read);
    const auto r = examine_machine(plan(1, keys));
    EXPECT_EQ(of(r, "key-file-open"), verdict::problem);
    EXPECT_EQ(find(r, "key-file-open")->where, (keys / "000001.keys").string());
}

} // namespace
} // namespace pomona::doctor
