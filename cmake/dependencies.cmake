# Every dependency is a Debian 12 package; scripts/setup installs them.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(cxxopts 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(LibXml2 2.9 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libplist REQUIRED IMPORTED_TARGET libplist-2.0>=2.2)
pkg_check_modules(libnghttp2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)

# Asio is used with coroutines only, and never with the deprecated parts.
add_library(pomona_asio INTERFACE)
target_link_libraries(pomona_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(pomona_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
# OpenSSL's deprecated calls are not used, and the compiler proves it.
add_compile_definitions(OPENSSL_NO_DEPRECATED OPENSSL_API_COMPAT=30000)
