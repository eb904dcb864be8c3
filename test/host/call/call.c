// Every command that the scripts call goes through this program, under the command's name. It counts the call and notes
// it in STATE/calls, does what the fault that was planted for this call says, and then becomes the fake or the tool.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"
#include "halve.h"
#include "strike.h"
#include "tools.h"

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

// What is planted for this call: "NUMBER fail|full|kill-before|kill-after|hang".
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
  if (!state || !getenv("FAKES")) die(70, "STATE and FAKES are not set", "");
  // What a script lets its commands write is no limit for what the bench writes down.
  struct rlimit most, own;
  getrlimit(RLIMIT_FSIZE, &most);
  own = (struct rlimit){.rlim_cur = most.rlim_max, .rlim_max = most.rlim_max};
  setrlimit(RLIMIT_FSIZE, &own);
  long call = note(argc, argv);
  keep_pace(call);
  int strikes = planted(call, how);
  setrlimit(RLIMIT_FSIZE, &most);
  if (!strikes) become(argc, argv);
  char written[LONG], met[LONG + 32];
  find_written(written, argc, argv);
  snprintf(met, sizeof met, "%ld %s\n", call, written);
  if (!strcmp(how, "hang")) {
    snprintf(number, sizeof number, "%d\n", getpid());
    write_state("hanging", number);
  }
  write_state("fault-met", met);
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
  if (strcmp(how, "full")) strike();
  halve(argc, argv);
  die(trouble(), "No space left on device", "");
}
