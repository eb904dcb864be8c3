// Every command that the scripts call goes through this program, under the command's name. It counts the call and notes
// it in STATE/calls, does what the fault that was planted for this call says, and then becomes the stand-in or the tool.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sha256.h"
#include "tools.h"

enum { LONG = 4096, MANY = 512 };
static const char *state, *name;

static void in_state(char *path, const char *file) { snprintf(path, LONG, "%s/%s", state, file); }

static void die(int status, const char *what, const char *more) {
  fprintf(stderr, "%s: %s%s\n", name, what, more);
  exit(status);
}

static size_t slurp(const char *path, char *bytes, size_t room) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = file < 0 ? 0 : read(file, bytes, room - 1);
  if (file >= 0) close(file);
  bytes[got > 0 ? got : 0] = 0;
  return got > 0 ? (size_t)got : 0;
}

// Adds the line to the log, and returns the number of this call.
static long note(int argc, char **argv) {
  char path[LONG], digits[32] = "", line[1 << 16];
  size_t end = 0;
  for (int i = 0; i < argc; i++) {
    if (i > 0) line[end++] = ' ';
    for (const char *at = i == 0 ? name : argv[i]; *at && end < sizeof line - 4; at++) {
      if (*at == '\n') line[end++] = '\\';
      line[end++] = *at == '\n' ? 'n' : *at;
    }
  }
  line[end++] = '\n';
  in_state(path, "call-count");
  int count = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (count < 0 || flock(count, LOCK_EX) < 0) die(70, "the bench cannot count in ", path);
  if (read(count, digits, sizeof digits - 1) < 0) die(70, "the bench cannot read ", path);
  long number = atol(digits) + 1;
  int length = snprintf(digits, sizeof digits, "%ld\n", number);
  in_state(path, "calls");
  int calls = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (pwrite(count, digits, length, 0) != length || write(calls, line, end) != (ssize_t)end)
    die(70, "the bench cannot write ", path);
  close(calls);
  close(count);
  return number;
}

// --- Faults

struct process {
  int parent, group;
  char arguments[LONG];
  size_t length;
};

static int look_at(int pid, struct process *seen) {
  char path[LONG], text[LONG];
  snprintf(path, LONG, "/proc/%d/stat", pid);
  if (!slurp(path, text, sizeof text)) return 0;
  const char *after = strrchr(text, ')');
  if (!after || sscanf(after + 2, "%*c %d %d", &seen->parent, &seen->group) != 2) return 0;
  snprintf(path, LONG, "/proc/%d/cmdline", pid);
  seen->length = slurp(path, seen->arguments, sizeof seen->arguments);
  return 1;
}

// Only processes that belong to this machine may be struck, and not those that have a life of their own (bhyve, daemon).
static int is_ours(int pid) {
  char path[LONG], text[1 << 16], wanted[LONG];
  snprintf(path, LONG, "%s/processes/%d", state, pid);
  if (access(path, F_OK) == 0) return 0;
  snprintf(path, LONG, "/proc/%d/environ", pid);
  size_t length = slurp(path, text, sizeof text);
  snprintf(wanted, LONG, "STATE=%s", state);
  for (const char *at = text; at < text + length; at += strlen(at) + 1)
    if (strcmp(at, wanted) == 0) return 1;
  return 0;
}

// kill -9 of the script that called: its main process, its subshells, and all between it and this call.
static void strike(void) {
  int line[MANY], deep = 0, group = getpgrp();
  struct process seen, script;
  for (int pid = getppid(); pid > 1 && deep < MANY && is_ours(pid); pid = seen.parent) {
    if (!look_at(pid, &seen) || seen.group != group) break;
    script = seen;
    line[deep++] = pid;
  }
  if (deep == 0) die(70, "the bench found no script to kill", "");
  for (int i = deep - 1; i >= 0; i--) kill(line[i], SIGKILL);
  DIR *all = opendir("/proc");
  for (struct dirent *entry; all && (entry = readdir(all));) {
    int pid = atoi(entry->d_name);
    if (pid <= 1 || pid == getpid() || !look_at(pid, &seen) || seen.group != group) continue;
    if (seen.length != script.length || memcmp(seen.arguments, script.arguments, seen.length) != 0) continue;
    if (is_ours(pid)) kill(pid, SIGKILL);
  }
  kill(getpid(), SIGKILL);
}

// What is planted for this call: "NUMBER fail|kill-before|kill-after|hang|COMMAND".
static int planted(long number, char *how) {
  char path[LONG], text[LONG];
  long wanted;
  in_state(path, "fault");
  return slurp(path, text, sizeof text) && sscanf(text, "%ld %4000[^\n]", &wanted, how) == 2 && wanted == number;
}

static void write_state(const char *file, const char *text) {
  char path[LONG];
  in_state(path, file);
  FILE *out = fopen(path, "w");
  if (!out || fputs(text, out) < 0 || fclose(out) != 0) die(70, "the bench cannot write ", path);
}

// With the file "pace" every call waits, one after the other, until the test has looked at the machine.
static void keep_pace(long number) {
  char path[LONG], text[32];
  in_state(path, "pace");
  int pace = open(path, O_RDWR | O_CLOEXEC);
  if (pace < 0) return;
  if (flock(pace, LOCK_EX) < 0) die(70, "the bench cannot lock ", path);
  snprintf(text, sizeof text, "%ld\n", number);
  write_state("waiting", text);
  in_state(path, "waiting");
  while (access(path, F_OK) == 0) usleep(100);
  close(pace);
}

// --- The tools of this machine in place of FreeBSD's

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

static void become(int argc, char **argv) {
  char path[LONG], *out[MANY + argc];
  if (!strcmp(name, "sha256")) play_sha256(argc, argv);
  snprintf(path, LONG, "%s/%s", getenv("STAND_INS"), name);
  if (access(path, X_OK) == 0) {
    execv(path, argv);
    die(126, "cannot start ", path);
  }
  for (size_t i = 0; i < sizeof TOOLS / sizeof *TOOLS; i++) {
    if (strcmp(TOOLS[i].name, name)) continue;
    const char *others = getenv("AIRHIVE_TEST_TOOLS");
    check_options(&TOOLS[i], argc, argv);
    snprintf(path, LONG, "%s/%s", others ? others : "", name);
    if (others && access(path, X_OK) == 0) execv(path, argv);
    translate(argc, argv, out);
    // FreeBSD's compresses by itself, GNU's asks gzip.
    if (strcmp(name, "tar") == 0) setenv("PATH", "/usr/bin:/bin", 1);
    if (strcmp(name, "sh") == 0 || strcmp(name, "timeout") == 0) unsetenv("POSIXLY_CORRECT");
    else setenv("POSIXLY_CORRECT", "1", 1);
    const char *shell = getenv("BENCH_SH");
    if (!strcmp(name, "sh") && shell) execv(shell, out);
    for (int bin = 0; bin < 2; bin++) {
      snprintf(path, LONG, "%s/%s", bin ? "/bin" : "/usr/bin", name);
      execv(path, out);
    }
  }
  char line[LONG];
  in_state(path, "violations");
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  int length = snprintf(line, LONG, "the bench has no stand-in for %s\n", name);
  if (write(file, line, length) < 0) perror(path);
  die(127, "the bench has no stand-in for ", name);
}

// 1 is an answer of these, and no failure.
static int trouble(void) {
  if (!strcmp(name, "awk") || !strcmp(name, "cmp") || !strcmp(name, "diff") || !strcmp(name, "grep")) return 2;
  return strcmp(name, "pgrep") ? 1 : 3;
}

static pid_t played;
static void pass_on(int signal) { kill(played, signal); }

int main(int argc, char **argv) {
  char how[LONG] = "", number[32];
  state = getenv("STATE");
  name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  if (!state || !getenv("STAND_INS")) die(70, "STATE and STAND_INS are not set", "");
  long call = note(argc, argv);
  keep_pace(call);
  if (!planted(call, how)) become(argc, argv);
  snprintf(number, sizeof number, "%ld\n", call);
  write_state("fault-met", number);
  if (!strcmp(how, "fail")) die(trouble(), "failed, as the test wants it", "");
  if (!strcmp(how, "hang")) for (;;) pause();
  if (!strcmp(how, "kill-before")) strike();
  played = fork();
  if (played == 0) become(argc, argv);
  // The script knows the command by the process id of this program.
  signal(SIGTERM, pass_on);
  signal(SIGUSR1, pass_on);
  int status;
  while (waitpid(played, &status, 0) < 0 && errno == EINTR) continue;
  strike();
}
