# pomona_embed(OUTPUT FUNCTION FILES ...): a C++ source with `std::span<const text> pomona::embedded::FUNCTION()`, which gives
# each file's name without folder and extension, and its content. The binary then needs no files.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
function(pomona_embed output function)
  cmake_parse_arguments(ARG "" "" "FILES" ${ARGN})
  add_custom_command(OUTPUT ${output}
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/cmake/embed.py ${output} ${function} ${ARG_FILES}
    DEPENDS ${ARG_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed.py
    COMMENT "Embedding ${function}"
    VERBATIM)
endfunction()
