/* main.c: the `clade` command: finds the command, reads its options, runs it, and makes sure that its output arrived. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const tool_command *const commands[] = {
    &command_devices, &command_classify, &command_eval,  &command_train,   &command_run,
    &command_summary, &command_graph,    &command_bench, &command_profile, &command_tune,
    &command_verify,  &command_convert,  &command_help,
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const tool_command *find_command(const char *name) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

int command_misuse(const tool_command *command, tool_console *console, const char *format, ...) {
    char message[CONSOLE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    console_fail(console, "%s", message);
    fprintf(stderr, "See 'clade help%s%s'.\n", command ? " " : "", command ? command->name : "");
    return EXIT_MISUSE;
}

static void print_version(void) { printf("clade %s\n", clade_version()); }

static void print_overview(FILE *file) {
    fputs("Usage: clade COMMAND [ARGUMENT...]\n"
          "Runs branching convolutional networks on any OpenCL device.\n\n"
          "Commands:\n",
          file);
    for (int i = 0; i < COMMAND_COUNT; i++) fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n'clade help COMMAND' tells more about one, and 'man clade' about all.\n", file);
}

static void print_help(const tool_command *command) {
    printf("Usage: clade %s%s%s\n\n%s\n\n", command->name, *command->arguments ? " " : "", command->arguments,
           command->description);
    if (strstr(command->arguments, "MODEL"))
        fputs("MODEL is a name that 'clade summary --list' prints, with settings where wanted,\n"
              "such as googlenet:batch_norm,size=96 ('clade summary --list MODEL' lists them);\n"
              "or an ONNX file.\n\n",
              stdout);
    fputs("Options:\n", stdout);
    options_print(command);
}

static int help_run(const tool_options *options, tool_console *console) {
    if (options->argument_count == 0) {
        print_overview(stdout);
        return EXIT_DONE;
    }
    const tool_command *about = find_command(options->arguments[0]);
    if (!about) return command_misuse(NULL, console, "there is no command '%s'", options->arguments[0]);
    print_help(about);
    return EXIT_DONE;
}

const tool_command command_help = {
    .name = "help",
    .bit = COMMAND_HELP,
    .arguments = "[COMMAND]",
    .summary = "say what the commands are, or what one of them does",
    .description = "Lists the commands, or explains one with all its options.",
    .most = 1,
    .run = help_run,
};

static int run_command(const tool_command *command, const tool_options *options, tool_console *console) {
    if (options->help) {
        print_help(command);
        return EXIT_DONE;
    }
    if (options->version) {
        print_version();
        return EXIT_DONE;
    }
    if (options->argument_count < command->least)
        return command_misuse(command, console, "'clade %s' needs %s", command->name, command->arguments);
    if (options->argument_count > command->most)
        return command_misuse(command, console, "'clade %s' does not know what to do with '%s'", command->name,
                              options->arguments[command->most]);
    return command->run(options, console);
}

static int run(int argc, char **argv, tool_console *console) {
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_MISUSE;
    }
    const char *name = argv[1];
    if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) name = "help";
    if (strcmp(name, "-V") == 0 || strcmp(name, "--version") == 0) {
        print_version();
        return EXIT_DONE;
    }
    const tool_command *command = find_command(name);
    if (!command && name[0] == '-')
        return command_misuse(NULL, console, "the command comes before its options, such as %s", name);
    if (!command) return command_misuse(NULL, console, "there is no command '%s'", name);

    tool_options options;
    int code = EXIT_MISUSE;
    if (options_parse(command, argc - 1, argv + 1, &options, console)) {
        console_open(console, options.quiet);
        code = run_command(command, &options, console);
    }
    options_free(&options);
    return code;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); /* a closed pipe then is a failed write, with a message and an exit code */
    tool_console console;
    console_open(&console, true);
    const int code = run(argc, argv, &console);
    console_clear(&console);

    const bool lost = ferror(stdout);
    if (fclose(stdout) != 0) {
        console_fail(&console, "failed to write to standard output: %s", strerror(errno));
        return EXIT_FAILED;
    }
    if (lost) {
        console_fail(&console, "failed to write to standard output");
        return EXIT_FAILED;
    }
    return code;
}
