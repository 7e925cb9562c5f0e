/* pages.h: the HTML that the tool fills in, embedded at build time by cmake/EmbedTexts.cmake. */
#ifndef TOOLS_PAGES_H
#define TOOLS_PAGES_H

/* The text of a file in tools/, e.g. "profile.html"; static. NULL when there is none of that name. */
const char *page_text(const char *name);

#endif
