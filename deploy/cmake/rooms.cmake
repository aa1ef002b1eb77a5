# A room is a folder with a CMakeLists.txt and one static library made of all its .cpp files.
# leadbridge_room(NAME DEPS room... [LIBS library...] [FOLDERS folder...] [EXCLUDE file...])
# FOLDERS are sub-folders that belong to the room. DEPS are rooms on the same or a lower floor; LIBS are third-party libraries, private to the room.

add_library(leadbridge_flags INTERFACE)
target_include_directories(leadbridge_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(leadbridge_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${LEADBRIDGE_WARNINGS_FATAL}>>:-Werror>)
if(LEADBRIDGE_SANITIZE)
  target_compile_options(leadbridge_flags INTERFACE -fsanitize=${LEADBRIDGE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined)
  # A third of what UBSan makes g++ compile, for little: an access through null stops ASan, too. The fuzz targets have them.
  if(LEADBRIDGE_SANITIZE MATCHES undefined)
    target_compile_options(leadbridge_flags INTERFACE
      $<$<CXX_COMPILER_ID:GNU>:-fno-sanitize=null,alignment,vptr,object-size>)
  endif()
  # clang 14 cannot put the prologue of -fsanitize=function before a coroutine ("difference across sections").
  target_compile_options(leadbridge_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  target_link_options(leadbridge_flags INTERFACE -fsanitize=${LEADBRIDGE_SANITIZE})
endif()
# g++ 12 sees copies beyond small strings in code that ThreadSanitizer has rewritten; without it the same code is clean.
if(LEADBRIDGE_SANITIZE MATCHES thread)
  target_compile_options(leadbridge_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
    -Wno-stringop-overread>)
endif()
if(LEADBRIDGE_FUZZ)
  target_compile_options(leadbridge_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(LEADBRIDGE_HARDENED)
  target_compile_options(leadbridge_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS
    -fstack-protector-strong)
  target_link_options(leadbridge_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()

function(leadbridge_room name)
  cmake_parse_arguments(ROOM "" "" "DEPS;LIBS;FOLDERS;EXCLUDE" ${ARGN})
  set(patterns *.cpp)
  foreach(folder IN LISTS ROOM_FOLDERS)
    list(APPEND patterns ${folder}/*.cpp)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  foreach(file IN LISTS ROOM_EXCLUDE)
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE leadbridge_flags ${ROOM_DEPS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC leadbridge_flags ${ROOM_DEPS} PRIVATE ${ROOM_LIBS})
  if(TARGET leadbridge_precompiled)
    target_precompile_headers(${name} REUSE_FROM leadbridge_precompiled)
  endif()
endfunction()

# leadbridge_precompile(): called once base is there. Its own files are compiled with other definitions, so they do without.
function(leadbridge_precompile)
  if(NOT LEADBRIDGE_PRECOMPILED)
    return()
  endif()
  set(source ${CMAKE_BINARY_DIR}/precompiled.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(leadbridge_precompiled OBJECT ${source})
  target_link_libraries(leadbridge_precompiled PRIVATE leadbridge_flags base)
  target_precompile_headers(leadbridge_precompiled PRIVATE ${CMAKE_SOURCE_DIR}/deploy/cmake/precompiled.h)
endfunction()
