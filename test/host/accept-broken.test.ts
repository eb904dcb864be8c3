import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accept, disposable, linesOf } from './accept-bench.ts';
import type { Ended, Machine } from './machine.ts';

interface Breakage {
  readonly broken: string;
  /** File of the bundle, what stands there, what stands there instead. */
  readonly edit: readonly [string, string, string];
  /** The parts of the first phase, and of that after the reboot, that are to be seen. */
  readonly before: string;
  readonly after?: string;
  /** For the parts that need the guest. */
  readonly reboot?: true;
  readonly red: string;
}

const GONE = 'remove: after remove every file is as before airhive';

const BREAKAGES: readonly Breakage[] = [
  {
    broken: 'a dry run leaves a file',
    edit: ['vm_install', '    say "--dry-run: nothing', '    : >"$ETC/left"\n    say "--dry-run: nothing'],
    before: 'dry',
    red: 'dry: apply --dry-run changes no file',
  },
  {
    broken: 'apply changes what the dry run did not name',
    edit: ['lib/install', '\n  bundle_remove_old', '\n  : >"$LOCAL/etc/unnamed"\n  bundle_remove_old'],
    before: 'dry,install',
    red: 'install: what apply has changed is what --dry-run has named, and nothing else',
  },
  {
    broken: 'an apply that was killed leaves prepared files after remove',
    edit: ['lib/record', '[ -z "$stages" ] || rm -f $stages', ':'],
    before: 'killed',
    red: 'killed: killed when it has prepared: after remove nothing half-made is left',
  },
  {
    broken: 'a script is installed with another mode',
    edit: ['lib/record', 'case $1 in rc.d | airhivectl) chmod 555 "$stage" ;; esac', ':'],
    before: 'install',
    after: 'files',
    red: "files: /usr/local/etc/rc.d/airhive has the mode -r-xr-xr-x and is root's",
  },
  {
    broken: 'a setting of the loader is lost',
    edit: ['lib/settings', 'awk \'!/^pptdevs=/\' "$WORK/lines"', 'awk \'!/^pptdevs=|^vmm/\' "$WORK/lines"'],
    before: 'install',
    after: 'files',
    red: 'files: /boot/loader.conf.d/airhive.conf has the lines of snippets/loader.conf',
  },
  {
    broken: 'the networks can be read by others',
    edit: ['lib/install', '\n  bundle_remove_old', '\n  chmod 644 "$DATA/site.img"\n  bundle_remove_old'],
    before: 'install',
    after: 'files',
    red: 'files: networks, keys and the record are for root alone',
  },
  {
    broken: 'remove leaves a manual page',
    edit: ['vm_install', 'ids=$(record_ids)', 'ids=$(record_ids | grep -v airhive.8)'],
    before: 'install',
    after: 'remove',
    red: GONE,
  },
  {
    broken: 'remove loses lines of rc.conf',
    edit: ['lib/record', 'print before[by[i]] }', 'next }'],
    before: 'install',
    after: 'remove',
    red: 'remove: rc.conf has the lines of before, and the one that was added since',
  },
  {
    broken: 'remove does not give a file its mode again',
    edit: ['lib/record', 'record_keep_copy "$1" "$3" && cat "$2" >"$3"', 'cat "$2" >"$3"'],
    before: 'install',
    after: 'remove',
    red: GONE,
  },
  {
    broken: 'stop leaves the VM',
    edit: ['lib/common', '    bhyvectl --vm="$VM_NAME" --destroy >/dev/null 2>&1\n', '    return 0\n'],
    before: 'install',
    after: 'service',
    reboot: true,
    red: 'service: after stop there is neither bhyve nor VM',
  },
  {
    broken: 'resume starts nothing',
    edit: ['lib/service', '  airhive_wait=0\n  start\n', '  airhive_wait=0\n'],
    before: 'install',
    after: 'sleep',
    reboot: true,
    red: 'sleep: after resume the guest runs',
  },
  {
    broken: 'rollback keeps the newer bundle',
    edit: [
      'lib/install',
      'if ! bundle_link previous "$PREVIOUS" || ! bundle_link current "$DIGEST"; then',
      'if [ "$VERB" != rollback ] && { ! bundle_link previous "$PREVIOUS" || ! bundle_link current "$DIGEST"; }; then',
    ],
    before: 'install',
    after: 'upgrade,rollback',
    reboot: true,
    red: 'rollback: current is the older bundle',
  },
];

/** The phase in which the breakage is to be seen. */
async function lastPhase(machine: Machine, { before, after, reboot }: Breakage): Promise<Ended> {
  const first = await accept(machine, 'before', before);
  if (after === undefined) return first;
  expect(linesOf(machine, first, 'FAILED'), first.said).toEqual([]);
  if (reboot) await machine.reboot();
  return accept(machine, 'after-reboot', after);
}

describe('accept.sh is red by the line of the promise that is broken', { timeout: 120_000 }, () => {
  it.each(BREAKAGES)('$broken', async (breakage) => {
    const machine = disposable();
    machine.environment = { ACCEPT_WAIT: '3', ACCEPT_POINTS: 'has_prepared' };
    chmodSync(join(machine.etc, 'rc.conf'), 0o664);
    machine.edit(...breakage.edit);
    const ended = await lastPhase(machine, breakage);
    expect(ended.code, ended.said).toBe(1);
    expect(linesOf(machine, ended, 'FAILED'), ended.said).toContain(breakage.red);
    // Whatever the machine says of what was done to it is meant to be so.
    machine.put('violations', '');
  });
});
