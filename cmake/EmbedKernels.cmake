# Puts the kernels in cl/ and the tuned rows in tuning/ into the library. Included, this file defines clade_embed_kernels(TARGET),
# which adds a generated C file to TARGET; run by `cmake -P` at build time it writes that file. The texts become arrays of bytes,
# so that no compiler's limit on the length of a string counts. src/rt/sources.h is the way in.

if(CMAKE_SCRIPT_MODE_FILE)
  set(rows "")
  file(WRITE "${OUTPUT}.new" "/* Generated from cl/ by cmake/EmbedKernels.cmake. */\n#include \"rt/sources.h\"\n\n#include <string.h>\n\n")
  string(REPLACE "|" ";" kernels "${KERNELS}")
  foreach(kernel ${kernels})
    get_filename_component(file_name "${kernel}" NAME)
    string(MAKE_C_IDENTIFIER "${file_name}" identifier)
    file(READ "${kernel}" bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    file(APPEND "${OUTPUT}.new" "static const unsigned char ${identifier}[] = {\n${bytes}0x00};\n\n")
    string(APPEND rows "    {\"${file_name}\", ${identifier}},\n")
  endforeach()
  file(APPEND "${OUTPUT}.new" "static const struct {
    const char *name;
    const unsigned char *text;
} sources[] = {
${rows}};

const char *rt_source_text(const char *name) {
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strcmp(sources[i].name, name) == 0) return (const char *)sources[i].text;
    return NULL;
}
")
  file(RENAME "${OUTPUT}.new" "${OUTPUT}")
  return()
endif()

set(CLADE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(clade_embed_kernels target)
  file(GLOB kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cl/*.cl ${PROJECT_SOURCE_DIR}/tuning/*.txt)
  list(JOIN kernels "|" joined)
  set(output ${PROJECT_BINARY_DIR}/kernels.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DKERNELS=${joined}" -DOUTPUT=${output} -P ${CLADE_EMBED_SCRIPT}
    DEPENDS ${kernels} ${CLADE_EMBED_SCRIPT}
    COMMENT "Embedding the kernels of cl/ and the rows of tuning/"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
