# Compile and link options of all our code, and tidegate_folder(): one static library per folder of
# src/, one test program (<folder>_test) and one micro-benchmark program (<folder>_bench) from the
# files that lie beside the sources.

add_library(tg_options INTERFACE)
target_compile_options(tg_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror
                                            -fno-omit-frame-pointer)
target_include_directories(tg_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 needs the flag for coroutines; -Wno-* are false positives of its inliner in std headers.
  target_compile_options(tg_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fcoroutines>
                                              -Wno-maybe-uninitialized -Wno-restrict)
else()
  # libstdc++ 12 marks deprecated what its own stable_sort calls; g++ checks our calls.
  target_compile_options(tg_options INTERFACE -Wno-deprecated-declarations)
endif()
if(TIDEGATE_SANITIZE)
  target_compile_options(tg_options INTERFACE -fsanitize=${TIDEGATE_SANITIZE}
                                              -fno-sanitize-recover=all)
  target_link_options(tg_options INTERFACE -fsanitize=${TIDEGATE_SANITIZE})
endif()
if(TIDEGATE_FUZZ)
  target_compile_options(tg_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(MOLD mold)
if(MOLD AND NOT TIDEGATE_FUZZ AND NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  target_link_options(tg_options INTERFACE -fuse-ld=mold)
endif()

function(tidegate_folder name)
  cmake_parse_arguments(FOLDER "" "" "USES;LINK" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")

  list(TRANSFORM FOLDER_USES PREPEND tg_)
  if(sources)
    add_library(tg_${name} STATIC ${sources})
    target_link_libraries(tg_${name} PUBLIC ${FOLDER_USES} PRIVATE tg_options ${FOLDER_LINK})
  else()
    add_library(tg_${name} INTERFACE)
    target_link_libraries(tg_${name} INTERFACE ${FOLDER_USES})
  endif()

  if(TIDEGATE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_compile_definitions(${name}_test PRIVATE TIDEGATE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(${name}_test PRIVATE tg_${name} tg_options fmt::fmt GTest::gtest_main
                                               Threads::Threads ${FOLDER_LINK})
    include(GoogleTest)
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
  endif()
  if(TIDEGATE_BENCHMARKS AND benches)
    add_executable(${name}_bench ${benches})
    target_compile_definitions(${name}_bench PRIVATE TIDEGATE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(${name}_bench PRIVATE tg_${name} tg_options fmt::fmt
                                                benchmark::benchmark_main ${FOLDER_LINK})
  endif()
endfunction()

# tidegate_archive(name header [libraries it needs]): the target archive_<name> for lib<name>.a.
function(tidegate_archive name header)
  find_library(ARCHIVE_${name} NAMES lib${name}.a REQUIRED)
  find_path(HEADER_${name} NAMES ${header} REQUIRED)
  add_library(archive_${name} STATIC IMPORTED GLOBAL)
  set_target_properties(archive_${name} PROPERTIES
    IMPORTED_LOCATION ${ARCHIVE_${name}}
    INTERFACE_INCLUDE_DIRECTORIES ${HEADER_${name}}
    INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()
