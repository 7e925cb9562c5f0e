# What `cmake --install` puts where. Nothing installed knows an absolute path, so the prefix may be moved as a whole.
#
#   bin/clade   include/clade/   lib/libclade.{so,a}   lib/pkgconfig/clade.pc   lib/cmake/clade/
#   share/clade/weights/   share/doc/clade/   share/man/man1/clade.1   share/bash-completion/completions/clade
include(CMakePackageConfigHelpers)

# The tool finds the library beside itself.
file(RELATIVE_PATH library_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set_target_properties(clade_tool PROPERTIES INSTALL_RPATH "$ORIGIN/${library_from_bin}")

# Two export sets, because only the static library makes its users look for the libraries behind it.
install(TARGETS clade EXPORT clade_shared
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS clade_static EXPORT clade_static
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS clade_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/clade DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

list(JOIN CLADE_PRIVATE_MODULES " " private_modules)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/clade)
install(EXPORT clade_shared NAMESPACE clade:: FILE clade-shared.cmake DESTINATION ${package})
install(EXPORT clade_static NAMESPACE clade:: FILE clade-static.cmake DESTINATION ${package})
configure_package_config_file(cmake/clade-config.cmake.in ${PROJECT_BINARY_DIR}/clade-config.cmake
  INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/clade-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/clade-config.cmake ${PROJECT_BINARY_DIR}/clade-config-version.cmake
  DESTINATION ${package})

foreach(folder LIBDIR INCLUDEDIR)
  file(RELATIVE_PATH path ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_${folder}})
  string(REGEX REPLACE "/$" "" ${folder}_from_pkgconfig "${path}")
endforeach()
configure_file(cmake/clade.pc.in ${PROJECT_BINARY_DIR}/clade.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/clade.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(DIRECTORY weights/ DESTINATION ${CMAKE_INSTALL_DATADIR}/clade/weights)
install(FILES docs/clade.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/clade.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME clade)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples PATTERN "CMakeLists.txt" EXCLUDE)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
