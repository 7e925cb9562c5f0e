# The schema of ONNX files as C: protobuf-c's compiler makes <onnx/onnx.pb-c.h> and its code from Debian's onnx/onnx.proto.
# clade_generate_onnx_schema(TARGET) adds both to TARGET.
find_program(PROTOC_C protoc-c REQUIRED)
find_path(ONNX_SCHEMA_FOLDER onnx/onnx.proto REQUIRED)

function(clade_generate_onnx_schema target)
  set(folder ${PROJECT_BINARY_DIR}/schema)
  set(generated ${folder}/onnx/onnx.pb-c)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${generated}.c ${generated}.h
    COMMAND ${PROTOC_C} --proto_path=${ONNX_SCHEMA_FOLDER} --c_out=${folder} onnx/onnx.proto
    DEPENDS ${ONNX_SCHEMA_FOLDER}/onnx/onnx.proto
    COMMENT "Generating the schema of ONNX files"
    VERBATIM)
  target_sources(${target} PRIVATE ${generated}.c ${generated}.h)
  target_include_directories(${target} SYSTEM PUBLIC ${folder})
  set_source_files_properties(${generated}.c PROPERTIES COMPILE_OPTIONS -w) # not ours to mend
endfunction()
