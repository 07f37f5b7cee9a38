# What every room is compiled with. The presets choose; this file says what the choices mean.
option(MANDOLINE_TESTS "Build the tests" ON)
option(MANDOLINE_WERROR "Warnings are errors" OFF)
option(MANDOLINE_FUZZ "Build the fuzz targets (clang)" OFF)
set(MANDOLINE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # openat2, memfd_create, cleanup attribute
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden) # nobody puts functions in place of ours: they may be inlined

add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
                    -Wformat=2 -Wwrite-strings -Wimplicit-fallthrough -Wpointer-arith -Wswitch-enum
                    -fno-common -fstack-protector-strong)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(MANDOLINE_WERROR)
  add_compile_options(-Werror)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # gcc guesses where a function that fails is in another file; clang-tidy follows the calls.
    add_compile_options(-Wno-error=maybe-uninitialized)
  endif()
endif()
if(MANDOLINE_SANITIZE)
  add_compile_options(-fsanitize=${MANDOLINE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MANDOLINE_SANITIZE})
  if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fno-sanitize=pointer-overflow) # takes NULL + 0 for an error; gcc's does not
  endif()
endif()

# mandoline_room(NAME [SOURCES ...] [USES rooms ...] [PRIVATE libraries ...]): one folder, one static library.
function(mandoline_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_PRIVATE})
endfunction()

# mandoline_unit_test(NAME [SOURCES ...] [USES rooms ...]): a cmocka program that ctest runs.
function(mandoline_unit_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)
  target_link_libraries(${name} PRIVATE ${TEST_USES} test_support cmocka)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS unit)
endfunction()
