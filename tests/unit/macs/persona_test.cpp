// Personas: every file reads, says what is so, and mistakes are told with their place.
#include "mac/device_state.hpp"
#include "pomona/foundation/embedded.hpp"
#include "pomona/net/world.hpp"
#include "pomona/protocol/mdm/checkin.hpp"
#include "profiles.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

namespace pomona::sim::mac {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

/// Apple, "About macOS … updates" and the releases' own pages.
const std::map<std::string, std::string> builds{
    {"macos 13.6", "22G120"}, {"macos 14.7.1", "23H222"}, {"macos 15.1", "24B83"},
    {"macos 26.0", "25A354"}, {"ios 16.7.10", "20H350"},  {"ios 18.1", "22B83"},
    {"ipados 18.1", "22B83"}, {"tvos 18.1", "22J580"}};

struct model_facts {
    std::string_view board, chip, marketing;
    bool battery;
    int first, last; ///< macOS releases that it runs
};
/// Apple, "Identify your Mac model" and the lists of Macs compatible with each release; boards and
/// chips are what Apple's catalogues of software updates and firmware name them by.
const std::map<std::string_view, model_facts> models{
    {"MacBookAir9,1", {"J230kAP", "", "MacBook Air (Retina, 13-inch, 2020)", true, 10, 15}},
    {"MacBookAir10,1", {"J313AP", "8103", "MacBook Air (M1, 2020)", true, 11, 99}},
    {"Macmini8,1", {"J174AP", "", "Mac mini (2018)", false, 10, 15}},
    {"Macmini9,1", {"J274AP", "8103", "Mac mini (M1, 2020)", false, 11, 99}},
    {"MacBookPro15,1", {"J680AP", "", "MacBook Pro (15-inch, 2018)", true, 10, 15}},
    {"MacBookPro16,1", {"J152fAP", "", "MacBook Pro (16-inch, 2019)", true, 10, 26}},
    {"iMac18,3", {"Mac-BE088AF8C5EB4FA2", "", "iMac (Retina 5K, 27-inch, 2017)", false, 10, 13}},
    {"iMac19,1", {"Mac-AA95B1DDAB278B95", "", "iMac (Retina 5K, 27-inch, 2019)", false, 10, 15}},
    {"iMac20,1", {"J185AP", "", "iMac (Retina 5K, 27-inch, 2020)", false, 10, 26}},
    {"Mac14,2", {"J413AP", "8112", "MacBook Air (M2, 2022)", true, 12, 99}},
    {"Mac14,3", {"J473AP", "8112", "Mac mini (2023)", false, 13, 99}},
    {"Mac14,13", {"J475cAP", "6021", "Mac Studio (2023)", false, 13, 99}},
    {"Mac15,12", {"J613AP", "8122", "MacBook Air (13-inch, M3, 2024)", true, 14, 99}},
    {"Mac16,10", {"J773gAP", "8132", "Mac mini (2024)", false, 15, 99}},
    {"Mac16,12", {"J713AP", "8132", "MacBook Air (13-inch, M4, 2025)", true, 15, 99}},
    {"VirtualMac2,1", {"VMA2MACOSAP", "FE00", "Apple Virtual Machine 1", false, 12, 99}},
    {"iPhone10,3", {"D22AP", "8015", "iPhone X", true, 0, 0}},
    {"iPhone16,1", {"D83AP", "8130", "iPhone 15 Pro", true, 0, 0}},
    {"iPad13,18", {"J271AP", "8101", "iPad (10th generation)", true, 0, 0}},
    {"AppleTV14,1", {"J255AP", "8110", "Apple TV 4K (3rd generation)", false, 0, 0}}};

const std::string good{embedded::personas().front().content};

std::string with(std::string text, const std::string& before, const std::string& after) {
    const auto at = text.find(before);
    EXPECT_NE(at, std::string::npos) << before;
    return at == std::string::npos ? text : text.replace(at, before.size(), after);
}

std::string problems_of(const std::string& text) {
    const auto read = read_persona("my-mac.yaml", text);
    EXPECT_FALSE(read);
    std::string out;
    for (std::size_t i = 0; !read && i < read.error().size(); ++i) {
        out += render(read.error()[i], text);
    }
    return out;
}

TEST(persona, every_embedded_file_reads_and_is_named_as_its_file) {
    std::set<std::string> names;
    for (const auto& file : embedded::personas()) {
        const auto read = read_persona(std::string{file.name}, file.content);
        ASSERT_TRUE(read) << render(read.error().front(), file.content);
        EXPECT_EQ(read->name, file.name);
        names.insert(read->name);
    }
    for (const auto* release : {"13", "14", "15", "26"}) {
        for (const auto* kind : {"apple-silicon", "intel", "vm"}) {
            EXPECT_TRUE(names.contains(std::string{"macos-"} + release + '-' + kind))
                << release << ' ' << kind;
        }
    }
    EXPECT_TRUE(std::ranges::includes(
        names, std::set<std::string>{"ios-18-iphone", "ipados-18-ipad", "ipados-18-shared-ipad",
                                     "tvos-18-apple-tv"}));
}

TEST(persona, builds_and_models_are_real_and_fit_together) {
    for (const auto& name : persona_names()) {
        const auto& p = *find_persona(name);
        SCOPED_TRACE(name);
        const auto build = builds.find(std::string{to_text(p.platform)} + ' ' + p.os_version);
        ASSERT_NE(build, builds.end());
        EXPECT_EQ(p.build_version, build->second);
        const auto model = models.find(p.model);
        ASSERT_NE(model, models.end());
        EXPECT_EQ(p.board, model->second.board);
        EXPECT_EQ(p.chip, model->second.chip);
        EXPECT_EQ(p.marketing_name, model->second.marketing);
        EXPECT_EQ(p.has_battery, model->second.battery);
        if (p.is_mac()) {
            EXPECT_LE(model->second.first, os_release(p) / 100);
            EXPECT_GE(model->second.last, os_release(p) / 100);
            EXPECT_EQ(p.has_battery, p.form == form::laptop);
        }
    }
}

TEST(persona, agents_signatures_and_identifiers_are_those_of_the_platform) {
    // Observed (F21, F22, F23, F20).
    for (const auto& name : persona_names()) {
        const auto& p = *find_persona(name);
        SCOPED_TRACE(name);
        const std::regex mac_agent{R"(MDM-OSX/1\.0 mdmclient/\d+)"};
        EXPECT_TRUE(p.is_mac() ? std::regex_match(p.user_agent, mac_agent)
                               : p.user_agent == "MDM/1.0");
        EXPECT_TRUE(std::regex_match(p.network_agent, std::regex{R"(CFNetwork/\S+ Darwin/\S+)"}));
        EXPECT_EQ(p.ade_agent, p.is_mac() ? "CloudConfiguration-OSX/1.0" : "MDM/1.0");
        EXPECT_EQ(p.signs_with, p.is_mac() ? cms_attributes::none : cms_attributes::signing_time);
        EXPECT_EQ(p.machine_info_chain,
                  p.is_mac() ? cms_chain::one_intermediate : cms_chain::whole);
        EXPECT_EQ(p.udid == udid_shape::uuid, p.is_mac());
        for (const auto& q : p.notes->quirks) {
            EXPECT_FALSE(q.source.empty()) << q.name;
        }
    }
}

TEST(persona, identifiers_are_drawn_in_the_shape_of_the_persona) {
    const auto world = net::make_virtual_world({.seed = 3, .start = {}});
    const std::map<std::string, std::string> shapes{
        {"macos-15-apple-silicon", "[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}"},
        {"ios-16-iphone", "[0-9a-f]{40}"},
        {"ios-18-iphone", "00008130-00[0-9A-F]{14}"},
        {"tvos-18-apple-tv", "00008110-00[0-9A-F]{14}"}};
    for (const auto& [name, shape] : shapes) {
        const auto hw = draw_hardware(*world, *find_persona(name), "one");
        EXPECT_TRUE(std::regex_match(hw.device.value(), std::regex{shape})) << hw.device.value();
    }
}

TEST(persona, users_of_a_shared_ipad_have_one_id_and_are_told_apart_by_name) {
    const auto world = net::make_virtual_world({.seed = 3, .start = {}});
    const auto& kind = *find_persona("ipados-18-shared-ipad");
    const auto hw = draw_hardware(*world, kind, "one");
    const auto alice = draw_account(*world, {.short_name = "alice"}, &kind);
    const auto bob = draw_account(*world, {.short_name = "bob"}, &kind);
    EXPECT_EQ(alice.id, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"); // Observed (F18)
    EXPECT_EQ(alice.id, bob.id);
    EXPECT_EQ(sender_of(hw, &alice).id().value(), hw.device.value() + ":alice");
    EXPECT_NE(sender_of(hw, &alice).id(), sender_of(hw, &bob).id());
    const auto mac_user =
        draw_account(*world, {.short_name = "alice"}, find_persona("macos-15-intel"));
    EXPECT_EQ(sender_of(hw, &mac_user).id().value(), hw.device.value() + ':' + mac_user.id);
}

TEST(persona, what_was_saved_is_what_comes_back) {
    for (const auto& name : persona_names()) {
        auto p = *find_persona(name);
        p.http = http_offer::h2;
        const auto back = load_persona(save(p));
        ASSERT_TRUE(back) << back.error().message();
        EXPECT_EQ(save(*back), save(p)) << name;
        EXPECT_EQ(back->notes, find_persona(name)->notes) << "one copy of the notes";
    }
    auto own = *find_persona("macos-15-intel");
    own.name = "of a file";
    const auto back = load_persona(save(own));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->notes->quirks, own.notes->quirks);
    auto damaged = save(own);
    damaged.erase("platform");
    EXPECT_FALSE(load_persona(damaged));
}

TEST(persona, mistakes_are_told_with_place_and_mend) {
    struct mistake {
        std::string before, after, told;
    };
    const std::vector<mistake> mistakes{
        {"  board:", "  bord:", "unknown key `bord` in `persona`"},
        {"  board:", "  bord:", "did you mean `board`?"},
        {"  board:", "  bord:", "`persona` lacks `board`"},
        {"platform: ", "platform: x", "`platform` cannot be `x"},
        {"battery: ", "battery: 7", "`battery` has to be true or false"},
        {"apple_silicon: true", "apple_silicon: false", "only Apple silicon has a `chip`"},
        {"apple_silicon: true", "apple_silicon: true, t2: true", "only Intel Macs have a T2"},
        {"form: phone", "form: laptop", "cannot be a laptop"},
        {"chip: \"", "chip: \"8", "four hex digits"},
        {"version: \"", "version: \"x", "numbers with dots between"},
        {"name: cms-with-signing-time", "name: cms-with-signing-tine",
         "did you mean `cms-with-signing-time`?"},
        {"pomona: 1", "pomona: 2", "`pomona: 1`"},
        {"agents: {", "agents: {mdm: twice, ", "mdm"}};
    for (const auto& m : mistakes) {
        const auto told = problems_of(with(good, m.before, m.after));
        EXPECT_THAT(told, AllOf(HasSubstr(m.told), testing::StartsWith("my-mac.yaml:"))) << m.after;
    }
    EXPECT_THAT(problems_of("pomona: 1\n"), HasSubstr("`the file` lacks `persona`"));
    EXPECT_THAT(problems_of("[]"), HasSubstr("has to be a mapping"));
    const auto missing = load_persona(std::filesystem::path{"/nowhere/my-mac.yaml"});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().render(), HasSubstr("cannot read the persona file"));
}

} // namespace
} // namespace pomona::sim::mac
