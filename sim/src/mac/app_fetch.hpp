// Downloads for applications: the manifest before the command is reported, the package afterwards.
#pragma once

#include "mac/command_processor.hpp"
#include "mac/core.hpp"

namespace pomona::sim::mac {

/// Fetches the manifest where it is not at hand, asks the machine to install, and starts the
/// download of the package. The report says what became of it: 12024 the manifest could not be
/// fetched, 12033 it cannot be used, or why the machine refused.
net::task<mdm::report> install_package(core_ptr self, mdm::report planned,
                                       effect::install_package what, std::uint64_t cause);

} // namespace pomona::sim::mac
