# The real world: sockets, TLS, HTTP/1.1 and HTTP/2.
set(net_real
  src/real/acceptor.cpp
  src/real/bio.cpp
  src/real/client_core.cpp
  src/real/h1_client.cpp
  src/real/h1_message.cpp
  src/real/h1_server.cpp
  src/real/h2_client.cpp
  src/real/h2_server.cpp
  src/real/h2_session.cpp
  src/real/opener.cpp
  src/real/real_world.cpp
  src/real/socket_stream.cpp
  src/real/tls_context.cpp
  src/real/waiters.cpp)
