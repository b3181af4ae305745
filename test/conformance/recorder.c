/*
 * Lies in the place of the full executable, beside a launcher. It notes why the launcher went on to it, in a
 * file that is named by the call, and becomes the executable. A shell could not keep argv[0].
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  (void)argc;
  char folder[PATH_MAX] = "", path[PATH_MAX + NAME_MAX];
  if (readlink("/proc/self/exe", folder, sizeof folder - 1) < 0) return 99;
  *strrchr(folder, '/') = '\0';
  const char *call = getenv("CONFORMANCE_CALL"), *reason = getenv("FAIRWAY_FELL_BACK");
  if (call != NULL && strchr(call, '/') == NULL) {
    snprintf(path, sizeof path, "%s/fell-back/%s", folder, call);
    /* stdin or stdout may be closed: nothing may stay open in their place. */
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dprintf(file, "%s", reason != NULL ? reason : "unknown verb");
    close(file);
    unsetenv("CONFORMANCE_CALL");
  }
  snprintf(path, sizeof path, "%s/fairway-real", folder);
  execv(path, argv);
  return 99;
}
