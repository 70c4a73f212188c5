# Compiles data/roles/*.yaml into tg_workflow. Included by the top CMakeLists.txt; run with -P it
# writes the source: cmake -DDATA=folder -DOUT=... -P embed.cmake
if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB roles ${DATA}/*.yaml)
  list(SORT roles)
  set(entries "")
  foreach(role ${roles})
    get_filename_component(name ${role} NAME_WE)
    file(READ ${role} text)
    string(APPEND entries "    {\"${name}\", R\"role(${text})role\"},\n")
  endforeach()
  file(WRITE ${OUT} "#include \"workflow/shipped_roles.h\"\n\n\
namespace tidegate::workflow {\n\
namespace {\n\
constexpr ShippedRole kRoles[] = {\n${entries}};\n\
}\n\
const std::span<const ShippedRole> kShippedRoles = kRoles;\n\
}\n")
  return()
endif()

set(ROLE_SOURCE ${CMAKE_BINARY_DIR}/shipped_roles.cpp)
file(GLOB ROLE_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/data/roles/*.yaml)
add_custom_command(
  OUTPUT ${ROLE_SOURCE}
  COMMAND ${CMAKE_COMMAND} -DDATA=${CMAKE_SOURCE_DIR}/data/roles -DOUT=${ROLE_SOURCE} -P
          ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${ROLE_FILES} ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "Embedding data/roles")
target_sources(tg_workflow PRIVATE ${ROLE_SOURCE})
