# Compiles data/catalog.yaml and data/clients.yaml into tg_catalog. Included by the top
# CMakeLists.txt; run with -P it writes the source: cmake -DDATA=folder -DOUT=... -P embed.cmake
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${DATA}/catalog.yaml catalog)
  file(READ ${DATA}/clients.yaml clients)
  file(WRITE ${OUT} "#include \"catalog/shipped_data.h\"\n\n\
namespace tidegate::catalog {\n\
const std::string_view kShippedCatalog = R\"catalog(${catalog})catalog\";\n\
const std::string_view kShippedClients = R\"clients(${clients})clients\";\n\
}\n")
  return()
endif()

set(CATALOG_DATA ${CMAKE_SOURCE_DIR}/data)
set(CATALOG_SOURCE ${CMAKE_BINARY_DIR}/shipped_data.cpp)
add_custom_command(
  OUTPUT ${CATALOG_SOURCE}
  COMMAND ${CMAKE_COMMAND} -DDATA=${CATALOG_DATA} -DOUT=${CATALOG_SOURCE} -P
          ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${CATALOG_DATA}/catalog.yaml ${CATALOG_DATA}/clients.yaml ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "Embedding data/catalog.yaml and data/clients.yaml")
target_sources(tg_catalog PRIVATE ${CATALOG_SOURCE})
