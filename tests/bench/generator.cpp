// A load generator cut down to what is measured: real Macs of sim/ against a server of another
// process, driven by lines on standard input, answering each with a line of JSON.
//
//   enroll FIRST COUNT          these Macs enroll, a few at a time
//   idle FIRST COUNT ROUNDS     so many sessions each, all of these Macs side by side: nothing is
//                               queued for them, or they take what is
//   sign yes|no                 whether their messages carry Mdm-Signature
//   close                       every connection to the server ends
//   memory                      the process's private memory, and its open sockets
//   ids                         the UDIDs of all
//   holds                       what the Mac with the fewest has installed
//   sizes                       octets of an Idle's body
#include "figures.hpp"
#include "mac/core.hpp"
#include "mac/ddm/client.hpp"
#include "mac/enrollment.hpp"
#include "pomona/stack/key_pool.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <malloc.h>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

namespace pomona::bench {
namespace {

using namespace std::chrono_literals;
using sim::mac::core;

constexpr std::size_t enrolling_at_once = 32;

template <class T>
T value_of(result<T> r) {
    if (!r) {
        throw std::runtime_error{r.error().message()};
    }
    return std::move(*r);
}

net::trust_store trust_from(const crypto::context& ctx, const std::string& pem) {
    return std::make_shared<const std::vector<crypto::certificate>>(
        value_of(crypto::certificate::from_pem(ctx, as_bytes(pem))));
}

class generator {
  public:
    generator(const std::string& target_file, std::size_t macs)
        : file_{YAML::LoadFile(target_file)["target"]} {
        const auto apns = file_["apns"];
        link_.emplace(
            *world_,
            sim::apns::link_options{
                .server = {apns["host"].as<std::string>(), apns["port"].as<std::uint16_t>()},
                .trust = trust_from(world_->crypto(), apns["trust"].as<std::string>())});
        env_.emplace(sim::mac::environment{
            .world = *world_,
            .recorder = *recorder_,
            .push = *link_,
            .system_trust = trust_from(world_->crypto(), file_["trust"].as<std::string>())});
        // The keys of all are on disk before anything is measured; each is decoded with its Mac.
        if (value_of(pool().size()) < macs) {
            static_cast<void>(value_of(pool().take(macs)));
        }
    }
    ~generator() { world_->shutdown(); }
    generator(const generator&) = delete;
    generator& operator=(const generator&) = delete;

    void make(std::size_t count) {
        auto keys = value_of(pool().take(count));
        const auto* kind = sim::mac::find_persona("macos-15-apple-silicon");
        for (auto i = macs_.size(); i < count; ++i) {
            const auto name = "mac-" + std::to_string(i + 1);
            macs_.push_back(std::make_shared<core>(
                *env_, actor{name}, sim::mac::draw_hardware(*world_, *kind, name),
                std::move(keys[i]), std::vector<sim::mac::account>{}));
            macs_.back()->box.apps.conditions.step =
                1ms; // nobody measures how long installing takes
        }
    }

    void carry_out(const std::string& line) {
        std::istringstream in{line};
        std::string verb, word;
        std::size_t first = 0, count = 0, rounds = 1;
        in >> verb;
        if (verb == "enroll" || verb == "idle") {
            in >> first >> count >> rounds;
        }
        if (verb == "enroll") {
            make(first + count); // keys are decoded before the clock starts
            const stretch all;
            world_->run(enroll(this, first, first + count));
            all.print(verb, count);
        } else if (verb == "idle") {
            const stretch all;
            world_->run(idle(this, first, first + count, rounds));
            all.print(verb, count * rounds);
        } else if (verb == "sign") {
            in >> word;
            for (const auto& m : macs_) {
                m->current->payload.sign_message = word == "yes";
            }
            stretch{}.print(verb, macs_.size());
        } else if (verb == "close") {
            for (const auto& m : macs_) {
                m->device.client->close();
            }
            world_->run(wait(world_.get(), 500ms));
            stretch{}.print(verb, macs_.size());
        } else if (verb == "memory") {
            malloc_trim(0); // what was freed is not of any Mac
            std::cout << "{\"what\": \"memory\", \"macs\": " << macs_.size()
                      << ", \"sockets\": " << open_sockets()
                      << ", \"heap_kib\": " << mallinfo2().uordblks / 1024
                      << ", \"private_kib\": " << private_dirty_kib() << "}" << std::endl;
        } else if (verb == "ids") {
            std::cout << "{\"what\": \"ids\", \"ids\": [";
            for (const auto& m : macs_) {
                std::cout << (m == macs_.front() ? "\"" : ", \"") << m->hw.device.value() << '"';
            }
            std::cout << "]}" << std::endl;
        } else if (verb == "holds") {
            world_->run(wait(world_.get(), 100ms)); // what is on its way comes
            std::size_t profiles = SIZE_MAX, apps = SIZE_MAX, declarations = SIZE_MAX;
            for (const auto& m : macs_) {
                profiles = std::min(profiles, m->device.profiles.all().size());
                apps = std::min(apps, m->box.apps.all().size());
                declarations =
                    std::min(declarations, m->device.ddm ? m->device.ddm->engine.held().size() : 0);
            }
            std::cout << "{\"what\": \"holds\", \"profiles\": " << profiles
                      << ", \"apps\": " << apps << ", \"declarations\": " << declarations << "}"
                      << std::endl;
        } else if (verb == "sizes") {
            mdm::report report;
            report.from = macs_.at(0)->device.sender();
            std::cout << "{\"what\": \"sizes\", \"idle_body\": " << mdm::write_report(report).size()
                      << "}" << std::endl;
        } else {
            throw std::runtime_error{"no such line: " + line};
        }
    }

  private:
    static std::size_t open_sockets() {
        std::size_t out = 0;
        std::error_code gone;
        for (const auto& one : std::filesystem::directory_iterator{"/proc/self/fd"}) {
            out += std::filesystem::read_symlink(one, gone).string().starts_with("socket:") ? 1 : 0;
        }
        return out;
    }
    static stack::key_pool pool() { return stack::key_pool{stack::key_pool::default_folder()}; }
    static net::task<void> wait(net::world* w, duration length) { co_await w->sleep_for(length); }

    static net::task<void> enroll_some(generator* self, std::size_t* next, std::size_t end) {
        while (*next < end) {
            auto mac = self->macs_.at((*next)++);
            auto done =
                co_await enroll_from(mac, self->file_["enroll_url"].template as<std::string>());
            if (!done) {
                throw std::runtime_error{"enrollment failed at " + done.error().at + ": " +
                                         done.error().reason};
            }
        }
    }
    static net::task<void> enroll(generator* self, std::size_t first, std::size_t end) {
        net::task_group workers{*self->world_};
        for (std::size_t i = 0; i < enrolling_at_once; ++i) {
            workers.spawn("enroll", enroll_some(self, &first, end));
        }
        co_await workers.all_done(net::never);
        for (auto i = std::size_t{0}; i < end; ++i) {
            if (self->macs_.at(i)->now_in != sim::mac::phase::enrolled) {
                throw std::runtime_error{"a Mac did not enroll"};
            }
        }
    }
    static net::task<void> idle(generator* self, std::size_t first, std::size_t end,
                                std::size_t rounds) {
        for (std::size_t round = 0; round < rounds; ++round) {
            for (auto i = first; i < end; ++i) {
                sim::mac::wake(self->macs_.at(i)->device, 0);
            }
            for (auto i = first; i < end; ++i) {
                while (self->macs_.at(i)->device.in_session) {
                    co_await self->world_->sleep_for(1ms);
                }
            }
        }
    }

    YAML::Node file_;
    std::unique_ptr<net::world> world_ = net::make_real_world();
    std::unique_ptr<trace::recorder> recorder_ =
        value_of(trace::recorder::create(*world_, {.folder = {}, .silent = true}));
    std::optional<sim::apns::device_link> link_;
    std::optional<sim::mac::environment> env_;
    std::vector<std::shared_ptr<core>> macs_;
};

} // namespace
} // namespace pomona::bench

int main(int count, char** arguments) {
    if (count != 3) {
        std::cerr << "bench_generator TARGET-FILE MACS\n";
        return 64;
    }
    try {
        pomona::bench::generator g{arguments[1], std::strtoull(arguments[2], nullptr, 10)};
        for (std::string line; std::getline(std::cin, line);) {
            g.carry_out(line);
        }
    } catch (const std::exception& e) {
        std::cerr << "bench_generator: " << e.what() << "\n";
        return 1;
    }
    return 0;
}
