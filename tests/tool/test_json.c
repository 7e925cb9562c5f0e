/* The tool's JSON as RFC 8259 has it, and inside a page no name can end the script that it stands in. */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The caller frees it. */
static char *write_text(const char *value, bool in_html) {
    char *text = NULL;
    size_t size = 0;
    json_writer json = {.file = open_memstream(&text, &size), .in_html = in_html};
    assert_non_null(json.file);
    json_text(&json, NULL, value);
    assert_int_equal(fclose(json.file), 0);
    return text;
}

static void names_are_escaped_and_in_pages_end_no_script(void **state) {
    (void)state;
    static const struct {
        const char *name, *plain, *in_html;
    } cases[] = {
        {"a.b", "\"a.b\"", "\"a.b\""},
        {"\"\\\n\x01\x7f", "\"\\\"\\\\\\u000a\\u0001\\u007f\"", "\"\\\"\\\\\\u000a\\u0001\\u007f\""},
        {"</script><!-- &", "\"</script><!-- &\"", "\"\\u003c/script\\u003e\\u003c!-- \\u0026\""},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {"a\xff\xc3", "\"a\\ufffd\\ufffd\"", "\"a\\ufffd\\ufffd\""},                /* no UTF-8 */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
        {NULL, "null", "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int in_html = 0; in_html < 2; in_html++) {
            char *text = write_text(cases[i].name, in_html);
            assert_string_equal(text, in_html ? cases[i].in_html : cases[i].plain);
            free(text);
        }
}

static void numbers_that_json_lacks_are_null(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    json_writer json = {.file = open_memstream(&text, &size)};
    assert_non_null(json.file);
    json_open(&json, NULL, '[');
    json_number(&json, NULL, strtod("nan", NULL));
    json_fixed(&json, NULL, strtod("inf", NULL), 3);
    json_fixed(&json, NULL, 1234567890.12345, 3);
    json_close(&json, ']');
    assert_int_equal(fclose(json.file), 0);
    assert_string_equal(text, "[null, null, 1234567890.123]");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_escaped_and_in_pages_end_no_script),
        cmocka_unit_test(numbers_that_json_lacks_are_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
