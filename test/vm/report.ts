import type { Outcome } from './runner.ts';

const TAIL = 6000;

/** One line as soon as a check is over. */
export function outcomeLine({ name, seconds, error }: Outcome): string {
  return `${error === undefined ? 'ok  ' : 'FAIL'} ${seconds.toFixed(1).padStart(6)} s  ${name}`;
}

/** The table at the end: boot by boot, what was measured, and why something failed. */
export function table(outcomes: readonly Outcome[], totalSeconds: number): string {
  const lines: string[] = [];
  for (const boot of new Set(outcomes.map((outcome) => outcome.boot))) {
    lines.push('', boot);
    for (const outcome of outcomes.filter((one) => one.boot === boot)) {
      lines.push(`  ${outcomeLine(outcome)}`, ...outcome.notes.map((note) => `                 ${note}`));
      if (outcome.error !== undefined)
        lines.push(`                 ${outcome.error.message.replaceAll('\n', '\n                 ')}`);
    }
  }
  const failed = outcomes.filter(({ error }) => error !== undefined).length;
  const passed = outcomes.length - failed;
  lines.push('', `${passed} passed, ${failed} failed, ${totalSeconds.toFixed(0)} s`);
  return lines.join('\n');
}

/** Evidence of a failure, cut to what fits on a screen or two; the whole lies in the work folder. */
export function failureText({ name, error, evidence = '' }: Outcome): string {
  return `\n===== ${name}\n${error?.stack ?? ''}\n${evidence.slice(0, TAIL * 4)}\n`;
}
