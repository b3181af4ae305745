#include "full.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char own_file[] = "/proc/self/exe";
static const char variable[] = "FAIRWAY_FELL_BACK=";
#define VARIABLE_LENGTH (sizeof variable - 1)

/* More is passed on as it is, and then nobody counts. */
#define ENTRIES_MAX 4096

void folder_find(struct folder *folder) {
  ssize_t length = readlink(own_file, folder->path, sizeof folder->path);
  folder->length = 0;
  /* A path that fills its room may have lost its end. */
  if (length > 0 && (size_t)length < sizeof folder->path) {
    folder->length = (size_t)length;
    while (folder->length > 0 && folder->path[folder->length - 1] != '/') folder->length--;
  }
  folder->path[folder->length] = '\0';
}

/* Puts the path of `name` in the folder into `path`. Returns false where there is no folder. */
static bool path_of(const struct folder *folder, const char *name, char *path, size_t size) {
  if (folder->length == 0 || folder->length + strlen(name) >= size) return false;
  memcpy(path, folder->path, folder->length);
  memcpy(path + folder->length, name, strlen(name) + 1);
  return true;
}

const char *folder_socket(const struct folder *folder, const char *usual) {
  static char line[256];
  char path[sizeof folder->path + 32];
  if (!path_of(folder, SOCKET_PATH_FILE, path, sizeof path)) return usual;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT ? usual : NULL;
  ssize_t length = read(file, line, sizeof line - 1);
  close(file);
  if (length <= 0) return NULL;
  line[length] = '\0';
  char *end = strchr(line, '\n');
  if (end != NULL) *end = '\0';
  return line[0] == '/' ? line : NULL;
}

/* A launcher that lies where the full executable should would start itself for ever. */
static bool is_own_file(const char *path) {
  struct stat own, other;
  return stat(own_file, &own) == 0 && stat(path, &other) == 0 && own.st_dev == other.st_dev
         && own.st_ino == other.st_ino;
}

/* The environment with the reason. The variable of a launcher that came before this one is left out. */
static char **with_reason(char **environment, const char *reason) {
  static char *entries[ENTRIES_MAX + 2];
  static char entry[64];
  size_t count = 0;
  for (; *environment != NULL; environment++) {
    if (strncmp(*environment, variable, VARIABLE_LENGTH) == 0) continue;
    if (count == ENTRIES_MAX) return NULL;
    entries[count++] = *environment;
  }
  memcpy(entry, variable, VARIABLE_LENGTH);
  memcpy(entry + VARIABLE_LENGTH, reason, strlen(reason) + 1);
  entries[count] = entry;
  return entries;
}

#if defined(__x86_64__)
/* The runtime in the full executable uses these without asking, and dies by a signal without them. */
static bool is_processor_able(void) {
  const unsigned needed = bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & needed) == needed;
}
#else
static bool is_processor_able(void) { return true; }
#endif

/* The kernel names a file as missing also where it means the loader by which that file is started. */
static const char *why_not(const char *path) {
  int error = errno;
  struct stat file;
  if (error == ENOENT && stat(path, &file) == 0)
    return "it is there, but the loader that it names is not on this host: it was built for another libc";
  if (error == ENOEXEC) return "it was built for another processor, or is damaged";
  return strerror(error);
}

const char *full_run(const struct full *full, const struct kept *kept, const char *reason) {
  char path[sizeof full->folder->path + 32];
  if (!path_of(full->folder, FULL_NAME, path, sizeof path)) return "the link /proc/self/exe cannot be read";
  if (is_own_file(path)) return "that file is the launcher itself";
  if (!is_processor_able()) return "this processor lacks SSE4.2, without which no build of it runs";
  if (kept != NULL && !keep_give_back(kept)) return "stdin cannot be given back to it";
  char **environment = reason != NULL ? with_reason(full->environment, reason) : NULL;
  execve(path, full->argv, environment != NULL ? environment : full->environment);
  return why_not(path);
}
