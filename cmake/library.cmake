# The public C++ library: the headers of include/tidegate and the sources behind them, which use
# nothing but the standard library. `cmake --install BUILD --component library` installs it; another
# project then says find_package(tidegate) and links tidegate::tidegate.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(tidegate_library STATIC
  src/limits/acquire.cpp src/limits/daily_cost.cpp src/limits/rate_limiter.cpp src/limits/rate_limits.cpp
  src/limits/slice.cpp src/limits/token_bucket.cpp src/limits/turn.cpp src/limits/waiting_line.cpp)
target_link_libraries(tidegate_library PRIVATE $<BUILD_INTERFACE:tg_options> PUBLIC Threads::Threads)
target_compile_features(tidegate_library PUBLIC cxx_std_23)
target_include_directories(tidegate_library INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(tidegate_library PROPERTIES OUTPUT_NAME tidegate EXPORT_NAME tidegate
                      POSITION_INDEPENDENT_CODE ON)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/tidegate)
install(TARGETS tidegate_library EXPORT tidegate_targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY include/tidegate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library
        FILES_MATCHING PATTERN "*.h")
install(EXPORT tidegate_targets NAMESPACE tidegate:: DESTINATION ${package} COMPONENT library)
configure_package_config_file(cmake/tidegate-config.cmake.in
                              ${CMAKE_BINARY_DIR}/tidegate-config.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tidegate-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/tidegate-config.cmake
              ${CMAKE_BINARY_DIR}/tidegate-config-version.cmake
        DESTINATION ${package} COMPONENT library)

# The C++ client: the gateway's pipeline in one archive, with every folder that it is made of. What
# it links is found again by tidegate-config.cmake.in.
function(tidegate_folders_of target out)
  set(found ${${out}} ${target})
  get_target_property(uses ${target} INTERFACE_LINK_LIBRARIES)
  foreach(used IN LISTS uses)
    if(used MATCHES "^tg_" AND NOT used STREQUAL "tg_options" AND NOT used IN_LIST found)
      tidegate_folders_of(${used} found)
    endif()
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()
set(client_folders)
tidegate_folders_of(tg_client client_folders)
list(TRANSFORM client_folders REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE client_objects)

add_library(tidegate_client STATIC ${client_objects})
target_link_libraries(tidegate_client PUBLIC fmt::fmt simdjson::simdjson OpenSSL::SSL OpenSSL::Crypto
                      archive_sqlite3 archive_z archive_yaml-cpp archive_cares archive_uring archive_re2 Threads::Threads)
target_compile_features(tidegate_client PUBLIC cxx_std_23)
target_include_directories(tidegate_client INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(tidegate_client PROPERTIES EXPORT_NAME client LINKER_LANGUAGE CXX)
install(TARGETS tidegate_client EXPORT tidegate_client_targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(EXPORT tidegate_client_targets NAMESPACE tidegate:: DESTINATION ${package}
        COMPONENT library)

# Workflows of programs: the folders that the client has not, on top of it.
set(workflow_folders)
tidegate_folders_of(tg_agents workflow_folders)
list(REMOVE_ITEM workflow_folders ${client_folders})
list(TRANSFORM workflow_folders REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>"
     OUTPUT_VARIABLE workflow_objects)
add_library(tidegate_workflow STATIC ${workflow_objects})
target_link_libraries(tidegate_workflow PUBLIC tidegate_client)
target_compile_features(tidegate_workflow PUBLIC cxx_std_23)
set_target_properties(tidegate_workflow PROPERTIES EXPORT_NAME workflow LINKER_LANGUAGE CXX)
install(TARGETS tidegate_workflow EXPORT tidegate_workflow_targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(EXPORT tidegate_workflow_targets NAMESPACE tidegate:: DESTINATION ${package}
        COMPONENT library)
