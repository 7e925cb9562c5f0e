/* sources.h: the kernels of cl/ and the rows of tuning/, embedded at build time by cmake/EmbedTexts.cmake. */
#ifndef RT_SOURCES_H
#define RT_SOURCES_H

/* The text of a file in cl/ or tuning/, e.g. "common.cl", or of "digest" a hash over them all; static. NULL when there is none of that
 * name. */
const char *rt_source_text(const char *name);

#endif
