# The target `docs`: the reference of the public API in BUILD/docs/html. A Doxygen warning fails it.
find_package(Doxygen QUIET OPTIONAL_COMPONENTS dot)
if(DOXYGEN_FOUND)
  if(DOXYGEN_HAVE_DOT)
    set(have_dot YES)
  else()
    set(have_dot NO)
  endif()
  configure_file(docs/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
  add_custom_target(docs
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/docs
    COMMAND Doxygen::doxygen ${PROJECT_BINARY_DIR}/Doxyfile
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMENT "Writing the reference to ${PROJECT_BINARY_DIR}/docs/html" VERBATIM)
endif()
