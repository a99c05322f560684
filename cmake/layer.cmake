# pomona_layer(NAME SOURCES ... USES ...): one folder, one library, one public header folder.
# USES names the layers above it (their headers and what they link); PRIVATE_USES third-party targets that no header shows.
function(pomona_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  add_library(pomona_${name} STATIC ${ARG_SOURCES})
  add_library(pomona::${name} ALIAS pomona_${name})
  target_include_directories(pomona_${name}
    PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
  target_link_libraries(pomona_${name} PUBLIC ${ARG_USES} PRIVATE pomona_warnings ${ARG_PRIVATE_USES})
endfunction()
