# pomona_embed(OUTPUT FUNCTION FILES ...): a C++ source with `std::span<const embedded_text> FUNCTION()` in pomona::embedded,
# which gives each file's name without folder and extension, and its text. The binary then needs no files.
function(pomona_embed output function)
  cmake_parse_arguments(ARG "" "" "FILES" ${ARGN})
  list(JOIN ARG_FILES "|" files)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DFUNCTION=${function} "-DFILES=${files}" -P ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${ARG_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    COMMENT "Embedding ${function}"
    VERBATIM)
endfunction()
