// The tools of this machine in place of FreeBSD's.
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include "bench.h"
#include "flags.h"
#include "options.h"
#include "sha256.h"

// Where GNU knows an option by another name, or FreeBSD has one that only root can use. Returns the new count.
static int translate(int argc, char **argv, char **out) {
  int count = 0, options = 1;
  for (int i = 0; i < argc; i++) {
    char *word = argv[i];
    if (i > 0 && (word[0] != '-' || !strcmp(word, "--"))) options = 0;
    if (i > 0 && options && strchr("ml", name[0]) && strchr("vn", name[1]) && strlen(name) == 2)
      for (char *at = word; *at; at++)
        if (*at == 'h') *at = name[0] == 'm' ? 'T' : 'n';
    if (options && !strcmp(name, "sed") && !strcmp(word, "-i")) {
      char *joined = malloc(strlen(argv[i + 1]) + 3);
      word = strcat(strcpy(joined, "-i"), argv[++i]);
    }
    if (options && !strcmp(name, "tail") && !strcmp(word, "-r")) die(70, "the bench has no tail -r", "");
    out[count++] = word;
  }
  out[count] = 0;
  return count;
}

// FreeBSD's tools know no long options, no options after operands, and only these letters.
static void check_options(const struct tool *tool, int argc, char **argv) {
  char letter[2] = "";
  if (!tool->options) return;
  for (int i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
    if (!strcmp(argv[i], "--")) return;
    if (!strcmp(name, "tar") && !strcmp(argv[i], "--format")) {
      i++;
      continue;
    }
    if (!strcmp(name, "expr") || !strcmp(name, "printf") || isdigit((unsigned char)argv[i][1])) return;
    for (const char *at = argv[i] + 1; *at; at++) {
      const char *known = *at == ':' ? 0 : strchr(tool->options, *at);
      letter[0] = *at;
      if (!known) die(64, "illegal option -- ", letter);
      if (known[1] != ':') continue;
      if (!at[1] && ++i >= argc) die(64, "option requires an argument -- ", letter);
      break;
    }
  }
}

// sha256(1) of FreeBSD 13 for "sha256 -q FILE...", played here because nothing is called as often. (Its -c compares with a
// string and is not the one of GNU.)
static void play_sha256(int argc, char **argv) {
  int status = 0;
  if (argc < 3 || strcmp(argv[1], "-q")) die(1, "usage: ", "sha256 -q FILE");
  for (int i = 2; i < argc; i++) {
    char digest[65];
    if (sha256_file(argv[i], digest)) puts(digest);
    else {
      fprintf(stderr, "%s: %s: %s\n", name, argv[i], strerror(errno));
      status = 1;
    }
  }
  exit(status);
}

// AIRHIVE_TEST_TOOLS: folders with other programs, such as FreeBSD's own, that are to play; the first that has it counts.
static void become_other(char **argv) {
  const char *folders = getenv("AIRHIVE_TEST_TOOLS");
  char path[LONG];
  while (folders && *folders) {
    int length = (int)strcspn(folders, ":");
    snprintf(path, LONG, "%.*s/%s", length, folders, name);
    if (length > 0 && access(path, X_OK) == 0) execv(path, argv);
    folders += length + (folders[length] == ':');
  }
}

// FreeBSD's awk is the one true awk, which Debian has under another name.
static const char *debian_name(void) { return strcmp(name, "awk") ? name : "original-awk"; }

static void become(int argc, char **argv) {
  char path[LONG], *out[MANY + argc];
  mind_flags(argc, argv);
  if (!strcmp(name, "sha256")) play_sha256(argc, argv);
  snprintf(path, LONG, "%s/%s", getenv("FAKES"), name);
  if (access(path, X_OK) == 0) {
    execv(path, argv);
    die(126, "cannot start ", path);
  }
  for (size_t i = 0; i < sizeof TOOLS / sizeof *TOOLS; i++) {
    if (strcmp(TOOLS[i].name, name)) continue;
    check_options(&TOOLS[i], argc, argv);
    become_other(argv);
    translate(argc, argv, out);
    // FreeBSD's compresses by itself, GNU's asks gzip.
    if (strcmp(name, "tar") == 0) setenv("PATH", "/usr/bin:/bin", 1);
    if (strcmp(name, "sh") == 0 || strcmp(name, "timeout") == 0) unsetenv("POSIXLY_CORRECT");
    else setenv("POSIXLY_CORRECT", "1", 1);
    const char *shell = getenv("BENCH_SH");
    if (!strcmp(name, "sh") && shell) execv(shell, out);
    for (int bin = 0; bin < 2; bin++) {
      snprintf(path, LONG, "%s/%s", bin ? "/bin" : "/usr/bin", debian_name());
      execv(path, out);
    }
  }
  char line[LONG];
  in_state(path, "violations");
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  int length = snprintf(line, LONG, "the bench has no fake for %s\n", name);
  if (write(file, line, length) < 0) perror(path);
  die(127, "the bench has no fake for ", name);
}
