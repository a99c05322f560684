# Apple's schema: the tables, made into C++ arrays by the build, and what is judged by them.
set(protocol_schema
  src/schema/availability.cpp
  src/schema/form.cpp
  src/schema/json_values.cpp
  src/schema/tables.cpp
  src/schema/text_format.cpp
  src/schema/validate.cpp
  src/schema/walk.cpp
  ${CMAKE_CURRENT_BINARY_DIR}/schema_store.cpp)

find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
set(schema_tables "")
foreach(area checkin command declaration error other profile status)
  list(APPEND schema_tables ${CMAKE_CURRENT_SOURCE_DIR}/schema/tables/${area}.json)
endforeach()
add_custom_command(
  OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/schema_store.cpp
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/schema/embed.py
          ${CMAKE_CURRENT_BINARY_DIR}/schema_store.cpp ${schema_tables}
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/schema/embed.py ${schema_tables}
  COMMENT "Embedding the schema tables"
  VERBATIM)
