# libclade.a with the face of libclade.so: what is hidden in the one is hidden in the other.
#
#   objects of all rooms --partial link--> one object --localize hidden symbols--> one object --ar--> libclade.a
#
# Hidden visibility alone does not reach into an archive: a program linked with it could still clash with, or call, a
# rt_something. After the partial link the rooms find each other, and objcopy turns everything hidden into local.
# Adds the target clade_static. CLADE_STATIC_IS_CLOSED says whether it worked out (the tests ask for it).
function(clade_add_static_library)
  if(CMAKE_OBJCOPY AND NOT APPLE)
    set(merged ${PROJECT_BINARY_DIR}/clade_merged${CMAKE_C_OUTPUT_EXTENSION})
    add_custom_command(
      OUTPUT ${merged}
      COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${merged} ${ARGN}
      COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${merged}
      DEPENDS ${ARGN}
      COMMENT "Merging the rooms into one object and hiding what is internal"
      COMMAND_EXPAND_LISTS VERBATIM)
    add_library(clade_static STATIC ${merged})
    set_source_files_properties(${merged} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
    set_target_properties(clade_static PROPERTIES LINKER_LANGUAGE C)
    set(closed TRUE)
  else()
    message(WARNING "No objcopy here: libclade.a is a plain archive, and internal symbols stay visible in it.")
    add_library(clade_static STATIC ${ARGN})
    set(closed FALSE)
  endif()
  set_target_properties(clade_static PROPERTIES OUTPUT_NAME clade)
  set(CLADE_STATIC_IS_CLOSED ${closed} PARENT_SCOPE)
endfunction()
