# Compiles data/catalog.yaml into tg_catalog. Included by the top CMakeLists.txt; run with -P it
# writes the source: cmake -DDATA=... -DOUT=... -P embed.cmake
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${DATA} text)
  file(WRITE ${OUT} "#include \"catalog/shipped_data.h\"\n\n\
namespace tidegate::catalog {\n\
const std::string_view kShippedCatalog = R\"catalog(${text})catalog\";\n\
}\n")
  return()
endif()

set(CATALOG_DATA ${CMAKE_SOURCE_DIR}/data/catalog.yaml)
set(CATALOG_SOURCE ${CMAKE_BINARY_DIR}/shipped_data.cpp)
add_custom_command(
  OUTPUT ${CATALOG_SOURCE}
  COMMAND ${CMAKE_COMMAND} -DDATA=${CATALOG_DATA} -DOUT=${CATALOG_SOURCE} -P
          ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${CATALOG_DATA} ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "Embedding data/catalog.yaml")
target_sources(tg_catalog PRIVATE ${CATALOG_SOURCE})
