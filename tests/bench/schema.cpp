// Messages next to Apple's schema: what it costs a Mac that a command and its answer are judged by
// the tables.
#include "mac/command_processor.hpp"
#include "pomona/protocol/plist/codec.hpp"
#include "pomona/protocol/schema/validate.hpp"

#include <benchmark/benchmark.h>
#include <plist/plist.h>

#include <stdexcept>

namespace pomona::bench {
namespace {

/// A Mac with an enrollment, as far as commands look at it.
struct bench_mac {
    crypto::context ctx = crypto::context::system();
    sim::mac::hardware hw{.kind = *sim::mac::find_persona("macos-15-apple-silicon"),
                          .device = udid{"0F0F0F0F-0000-4000-8000-0123456789AB"},
                          .serial = serial_number{"ABCDEFGHIJ"},
                          .computer_name = "mac-0001",
                          .wifi_mac = "02:00:00:00:00:01",
                          .bluetooth_mac = "02:00:00:00:00:02",
                          .ethernet_mac = {}};
    sim::mac::profile_store profiles;
    sim::mac::machine_state box{hw.kind};

    sim::mac::device_state state() {
        return {.machine = hw,
                .profiles = profiles,
                .box = box,
                .crypto = ctx,
                .access_rights = 8191,
                .token = push_token{bytes(32, 7)},
                .now = {}};
    }
};

plist::dict all_queries() {
    plist::array names;
    const auto* e = schema::find_command("DeviceInformation");
    for (const auto& q : e->root.child("Queries")->children().front().children()) {
        names.emplace_back(q.name());
    }
    return {{"RequestType", "DeviceInformation"}, {"Queries", std::move(names)}};
}

schema::context context() {
    return {.os = {15, 1},
            .channel = schema::channel::device,
            .enrollment = schema::enrollment_kind::device,
            .supervised = true,
            .ade = false,
            .user_approved = true,
            .rights = 8191};
}

bytes command_body() {
    return mdm::write_command({.uuid = command_uuid{"11111111-2222-4333-8444-555555555555"},
                               .request_type = "DeviceInformation",
                               .body = all_queries()});
}

/// The command alone: it is in memory, and found to be good.
void schema_validate_command(benchmark::State& state) {
    const auto command = all_queries();
    const auto c = context();
    for (auto _ : state) {
        const auto found = schema::validate_command(command, c);
        benchmark::DoNotOptimize(found.size());
    }
}
BENCHMARK(schema_validate_command);

/// Command and answer, both in memory; between them the Mac forms the answer. The goal: 30 us.
void device_information_validated_and_answered(benchmark::State& state) {
    bench_mac mac;
    const auto command = command_body();
    const auto parsed = mdm::parse_command(command);
    const auto c = context();
    for (auto _ : state) {
        const auto found = schema::validate_command(parsed->body, c);
        const auto out = sim::mac::answer_command(*parsed, mac.state());
        const auto judged = schema::validate_answer("DeviceInformation", out.answer.result, c);
        if (schema::first_problem(found) != nullptr || schema::first_problem(judged) != nullptr ||
            out.answer.status != mdm::command_status::acknowledged) {
            state.SkipWithError("not valid");
            break;
        }
    }
}
BENCHMARK(device_information_validated_and_answered);

/// The same with the property lists of both.
void device_information_from_wire_to_wire(benchmark::State& state) {
    bench_mac mac;
    const auto body = command_body();
    for (auto _ : state) {
        const auto out = sim::mac::process_command(body, mac.state());
        benchmark::DoNotOptimize(mdm::write_report(out->answer).size());
    }
}
BENCHMARK(device_information_from_wire_to_wire);

/// The command read and the report written by libplist alone.
void bare_libplist_device_information(benchmark::State& state) {
    bench_mac mac;
    const auto body = command_body();
    const auto report =
        mdm::write_report(sim::mac::process_command(body, mac.state()).value().answer);
    plist_t answer = nullptr;
    plist_from_xml(reinterpret_cast<const char*>(report.data()),
                   static_cast<std::uint32_t>(report.size()), &answer);
    for (auto _ : state) {
        plist_t tree = nullptr;
        plist_from_xml(reinterpret_cast<const char*>(body.data()),
                       static_cast<std::uint32_t>(body.size()), &tree);
        plist_free(tree);
        char* text = nullptr;
        std::uint32_t length = 0;
        plist_to_xml(answer, &text, &length);
        benchmark::DoNotOptimize(length);
        plist_to_xml_free(text);
    }
    plist_free(answer);
}
BENCHMARK(bare_libplist_device_information);

} // namespace
} // namespace pomona::bench
