#include "pomona/doctor/doctor.hpp"

#include "examination.hpp"

#include <array>

namespace pomona::doctor {

net::task<report> examine_target(net::world& world, subject what) {
    constexpr std::array probes{probe_addresses, probe_enrollment, probe_scep,
                                probe_push,      probe_api,        probe_apple};
    examination e{world, std::move(what)};
    for (const auto probe : probes) {
        co_await probe(e);
    }
    if (!e.clock_judged) {
        e.not_examined("the server's clock: no answer has a Date");
    }
    co_return std::move(e.out);
}

} // namespace pomona::doctor
