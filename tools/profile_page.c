/* profile_page.c: a profile as a page that holds all it needs: profile.html with the profile's JSON in its place. */
#include "pages.h"
#include "profile.h"

#include <string.h>

void profile_write_page(FILE *file, const tool_network *network, const profile_report *report) {
    static const char place[] = "@PROFILE@";
    const char *page = page_text("profile.html"), *here = strstr(page, place);
    json_writer json = {.file = file, .in_html = true};
    fwrite(page, 1, (size_t)(here - page), file);
    profile_write_json(&json, network, report);
    fputs(here + sizeof place - 1, file);
}
