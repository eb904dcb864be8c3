// Files with a flag of chflags(1) that keeps everybody from changing them: STATE/flags, a path a line. cp -p takes the flag
// along; mv, rm and rmdir refuse such a file, and nothing can be written into one.
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include "bench.h"

static char flagged[1 << 16];

static int has_flag(const char *path, int below) {
  size_t length = strlen(path);
  for (const char *at = flagged; *at; at = strchr(at, '\n') + 1) {
    size_t line = strcspn(at, "\n");
    if (!strncmp(at, path, length) && (line == length || (below && line > length && at[length] == '/'))) return 1;
    if (!at[line]) break;
  }
  return 0;
}

static void write_flags(const char *from, const char *to) {
  char path[LONG];
  in_state(path, "flags");
  FILE *out = fopen(path, to ? "w" : "a");
  if (!out) die(70, "the bench cannot write ", path);
  if (!to) fprintf(out, "%s\n", from);
  else
    for (char *line = strtok(flagged, "\n"); line; line = strtok(NULL, "\n")) {
      size_t length = strlen(from);
      if (!strncmp(line, from, length) && strchr("/", line[length])) fprintf(out, "%s%s\n", to, line + length);
      else fprintf(out, "%s\n", line);
    }
  fclose(out);
}

static void refuse_flag(const char *path) {
  fprintf(stderr, "%s: %s: %s\n", name, path, strerror(EPERM));
  exit(1);
}

// Before the command; for cp -p and mv it does the command, and what follows from it.
static void mind_flags(int argc, char **argv) {
  char path[LONG], out[LONG] = "";
  int preserve = 0, recursive = 0, status;
  in_state(path, "flags");
  if (!slurp(path, flagged, sizeof flagged)) return;
  ssize_t length = readlink("/proc/self/fd/1", out, LONG - 1);
  if (length > 0) out[length] = 0;
  if (length > 0 && has_flag(out, 0)) refuse_flag(out);
  if (argc < 2 || (strcmp(name, "cp") && strcmp(name, "mv") && strcmp(name, "rm"))) return;
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] == '-') {
      preserve |= strchr(argv[i], 'p') != NULL;
      recursive |= strchr(argv[i], 'r') != NULL;
    } else if (!strcmp(name, "rm") ? has_flag(argv[i], recursive) : has_flag(argv[i], 0) && (i == argc - 1 || !strcmp(name, "mv")))
      refuse_flag(argv[i]);
  }
  if (!strcmp(name, "rm") || argc < 3) return;
  char *from = argv[argc - 2], *to = argv[argc - 1];
  if (!strcmp(name, "cp") ? !preserve || !has_flag(from, 0) : !has_flag(from, 1)) return;
  pid_t child = fork();
  if (child == 0) return;
  if (waitpid(child, &status, 0) < 0 || status != 0) exit(1);
  if (!strcmp(name, "cp")) write_flags(to, NULL);
  else write_flags(from, to);
  exit(0);
}
