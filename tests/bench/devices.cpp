// The device side of the push service from a process of its own, driven by lines on standard input:
// bench_devices TARGET-FILE. "subscribe COUNT": so many more tokens, all on one connection; "tokens
// COUNT": the first of them.
#include "figures.hpp"
#include "pomona/foundation/encoding.hpp"
#include "pomona/sim/apns/device_link.hpp"

#include <yaml-cpp/yaml.h>

#include <sstream>
#include <stdexcept>

namespace pomona::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t registering_at_once = 200;
const topic app{"org.example.bench"};

class devices {
  public:
    explicit devices(const std::string& target_file) {
        const auto apns = YAML::LoadFile(target_file)["target"]["apns"];
        auto roots = crypto::certificate::from_pem(world_->crypto(),
                                                   as_bytes(apns["trust"].as<std::string>()));
        if (!roots) {
            throw std::runtime_error{roots.error().message()};
        }
        link_.emplace(
            *world_,
            sim::apns::link_options{
                .server = {apns["host"].as<std::string>(), apns["port"].as<std::uint16_t>()},
                .trust =
                    std::make_shared<const std::vector<crypto::certificate>>(std::move(*roots))});
    }
    devices(const devices&) = delete;
    devices& operator=(const devices&) = delete;
    ~devices() { world_->shutdown(); }

    void carry_out(const std::string& line) {
        std::istringstream words{line};
        std::string verb;
        std::size_t count = 0;
        words >> verb >> count;
        const stretch whole;
        if (verb == "subscribe") {
            world_->run(subscribe(this, tokens_.size() + count));
            whole.print("subscribe", count);
        } else if (verb == "tokens") {
            for (std::size_t i = 0; i < std::min(count, tokens_.size()); ++i) {
                std::cout << (i == 0 ? "[\"" : ", \"") << to_hex(tokens_[i].value()) << '"';
            }
            std::cout << "]" << std::endl;
        } else {
            throw std::runtime_error{"what is " + line + "?"};
        }
    }

  private:
    static net::task<void> some(devices* self, std::size_t end) {
        while (self->next_ < end) {
            const auto name = "bench-" + std::to_string(self->next_++);
            auto token = co_await self->link_->register_device(
                actor{"mac-1"}, udid{name}, app, [](sim::apns::delivery) {},
                self->world_->now() + 60s);
            if (!token) {
                throw std::runtime_error{token.error().message()};
            }
            self->tokens_.push_back(*std::move(token));
        }
    }
    static net::task<void> subscribe(devices* self, std::size_t end) {
        net::task_group workers{*self->world_};
        for (std::size_t i = 0; i < registering_at_once; ++i) {
            workers.spawn("register", some(self, end));
        }
        co_await workers.all_done(net::never);
        if (self->tokens_.size() != end) {
            throw std::runtime_error{"a device got no token"};
        }
    }
    std::unique_ptr<net::world> world_ = net::make_real_world();
    std::optional<sim::apns::device_link> link_;
    std::vector<push_token> tokens_;
    std::size_t next_ = 0;
};

} // namespace
} // namespace pomona::bench

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "bench_devices TARGET-FILE\n";
        return 64;
    }
    try {
        pomona::bench::devices all{arguments[1]};
        for (std::string line; std::getline(std::cin, line);) {
            all.carry_out(line);
        }
    } catch (const std::exception& e) {
        std::cerr << "bench_devices: " << e.what() << "\n";
        return 1;
    }
    return 0;
}
