# g++ 12.2, Debian's default, miscompiles coroutines in plain shapes (a co_await in a condition, a brace-initialised
# aggregate temporary in a co_await expression): crashes that no sanitizer shows. Fixed in g++ 13.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines. Build with clang 19: "
                      "use a preset (cmake --preset release), or set CXX=clang++-19.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(pomona_warnings INTERFACE)
target_compile_options(pomona_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
  $<$<BOOL:${POMONA_WERROR}>:-Werror>)

set(POMONA_SANITIZE "" CACHE STRING "Sanitizers for the whole build, as for -fsanitize=")
if(POMONA_SANITIZE)
  add_compile_options(-fsanitize=${POMONA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${POMONA_SANITIZE})
endif()
add_link_options(-fuse-ld=lld)
