/* graphviz.c: starts `dot` without a shell, so that no name can be taken for a command. */
#include "graphviz.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Starts `dot` between two descriptors. @return 0 or an errno. */
static int spawn_dot(const char *format, int source, int target, pid_t *process_out) {
    char option[16];
    snprintf(option, sizeof option, "-T%s", format);
    char program[] = "dot";
    char *arguments[] = {program, option, NULL};

    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    posix_spawnattr_t attributes;
    if ((error = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    sigset_t defaults; /* the tool ignores SIGPIPE; that is no choice to hand on */
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    if (!(error = posix_spawnattr_setsigdefault(&attributes, &defaults)) &&
        !(error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF)) &&
        !(error = posix_spawn_file_actions_adddup2(&actions, source, STDIN_FILENO)) &&
        !(error = posix_spawn_file_actions_adddup2(&actions, target, STDOUT_FILENO)))
        error = posix_spawnp(process_out, program, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

bool graphviz_open(graphviz_pipe *graphviz, const char *path, const char *format, int target, tool_console *console) {
    int ends[2]; /* read, write */
    graphviz->path = path;
    if (pipe(ends) != 0)
        return console_fail(console, "failed to draw %s: no pipe to Graphviz: %s", path, strerror(errno));
    fcntl(ends[1], F_SETFD, FD_CLOEXEC); /* else `dot` would hold its own input open and wait for ever */
    const int error = spawn_dot(format, ends[0], target, &graphviz->process);
    close(ends[0]);
    if (error) {
        close(ends[1]);
        if (error == ENOENT)
            return console_fail(console,
                                "failed to draw %s: Graphviz's 'dot' is not installed (Debian's package graphviz); "
                                "FILE.dot can be written without it",
                                path);
        return console_fail(console, "failed to draw %s: Graphviz's 'dot' does not start: %s", path, strerror(error));
    }
    graphviz->stream = fdopen(ends[1], "w");
    if (graphviz->stream) return true;
    console_fail(console, "failed to draw %s: no pipe to Graphviz: %s", path, strerror(errno));
    close(ends[1]);
    waitpid(graphviz->process, NULL, 0);
    return false;
}

bool graphviz_close(graphviz_pipe *graphviz, tool_console *console) {
    bool written = !ferror(graphviz->stream);
    written = fclose(graphviz->stream) == 0 && written;
    int status = 0;
    pid_t waited;
    do waited = waitpid(graphviz->process, &status, 0);
    while (waited < 0 && errno == EINTR);
    const char *path = graphviz->path;
    if (waited < 0) return console_fail(console, "failed to draw %s: no word from 'dot': %s", path, strerror(errno));
    if (WIFSIGNALED(status))
        return console_fail(console, "failed to draw %s: 'dot' ended by signal %d", path, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return console_fail(console, "failed to draw %s: 'dot' ended with code %d", path, WEXITSTATUS(status));
    if (!written) return console_fail(console, "failed to draw %s: 'dot' did not read the whole graph", path);
    return true;
}
