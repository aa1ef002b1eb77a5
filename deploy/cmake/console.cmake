# leadbridge_embed_console(TARGET FOLDER FUNCTION): links the built pages of FOLDER/desk and FOLDER/side into TARGET as
# `std::span<const EmbeddedAsset> FUNCTION() noexcept` (gateway/console_assets.h). The bytes go in by the assembler, so that
# megabytes compile in no time. The folder is looked at with every build, and may be missing.

function(leadbridge_embed_console target folder function)
  set(table ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
  add_custom_target(${function}_table
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DTABLE=${table} -DFUNCTION=${function}
            -P ${CMAKE_SOURCE_DIR}/deploy/cmake/embed_console.cmake
    BYPRODUCTS ${table}
    COMMENT "" VERBATIM)
  target_sources(${target} PRIVATE ${table})
  add_dependencies(${target} ${function}_table)
endfunction()
