# The virtual world: in memory, one thread, every choice made by the seed.
set(net_virtual
  src/virtual/exchange.cpp
  src/virtual/link.cpp
  src/virtual/network.cpp
  src/virtual/run_loop.cpp
  src/virtual/stream.cpp
  src/virtual/world.cpp)
