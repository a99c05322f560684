# What both worlds stand on.
set(net_common
  src/connect_request.cpp
  src/disturbed_connection.cpp
  src/exchange_log.cpp
  src/http.cpp
  src/peer_check.cpp
  src/world.cpp)
