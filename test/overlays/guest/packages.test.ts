import { chmodSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../../fixtures/machines.ts';
import { VARIANTS } from '../../fixtures/profiles.ts';
import { freshFolder, run } from '../../fixtures/scratch.ts';

// The script alone, its tools played by others: what it asks of whom, in which order, and how long it waits in between.

const intel8260 = VARIANTS.intel8260;
if (intel8260 === undefined) throw new Error('no such profile');
const tree = guestTree(intel8260);
const CACHE = 'var/lib/airhive/packages';

/** Fails unless the file `mirror` is there; knows nothing but the names of files. */
const APK = `case " $* " in
*" info "*) [ -e "$GUEST/installed" ] ;;
*" update "*) [ -e "$GUEST/mirror" ] && cp "$GUEST/mirror" "$6/APKINDEX.1.tar.gz" ;;
*" fetch "*) [ -e "$GUEST/mirror" ] && for name in one two; do cp "$GUEST/mirror" "\${10}/$name.apk"; done ;;
*" --simulate "*) ;;
*" add "*) : >"$GUEST/installed" ;;
esac`;

/** A guest below a folder. Its tools write down how they were called, and a pause takes no time. */
class Guest {
  readonly root = freshFolder();

  constructor() {
    const below = /(?<=[\s"=<>])(?:\/(?:usr\/libexec|etc|var\/lib|run)\/airhive|\/dev\/ttyS0)/g;
    for (const name of ['lib', 'packages']) {
      const path = `usr/libexec/airhive/${name}`;
      this.write(path, textAt(tree, path).replace(below, `${this.root}$&`));
    }
    this.write(
      'etc/airhive/airhive.conf',
      "PACKAGES='one two'\nMIRRORS='http://a.example http://b.example'\nBRANCH=v9\nREPOSITORIES=main\n",
    );
    this.tool('logger', '');
    this.tool('rc-service', '');
    this.tool('sync', '');
    this.tool('mv', 'exec /bin/mv "$@"');
    this.tool('timeout', 'shift; exec "$@"');
    this.tool('apk', APK);
    this.write(`${CACHE}/.keep`, '');
    this.write('run/airhive/said/.keep', '');
    this.write('dev/.keep', '');
    this.write('var/lib/airhive/log/airhive.log', '');
    this.write('calls', '');
  }

  write(name: string, text: string): void {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }

  private tool(name: string, text: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>"$GUEST/calls"\n${text}\n`);
  }

  /** Runs the script until it ends by itself, or until its so-many-th pause. */
  call(verb: 'install' | 'keep', pauses = 1): void {
    this.tool('sleep', `[ $(grep -c ^sleep "$GUEST/calls") -lt ${pauses} ] || kill $PPID`);
    const script = join(this.root, 'usr/libexec/airhive/packages');
    const path = `${join(this.root, 'bin')}:${process.env.PATH ?? ''}`;
    run('env', [`PATH=${path}`, `GUEST=${this.root}`, 'sh', '-c', '"$0" "$1" || true', script, verb]);
  }

  read(name: string): string {
    return readFileSync(join(this.root, name), 'utf8');
  }

  calls(tool: string): string[] {
    return this.read('calls')
      .split('\n')
      .filter((line) => line.startsWith(`${tool} `))
      .map((line) => line.slice(tool.length + 1).replaceAll(`${this.root}/`, ''));
  }

  /** The log that survives a reboot, without its dates. */
  get said(): string[] {
    return [...this.read('var/lib/airhive/log/airhive.log').matchAll(/^\S+ (.*)$/gm)].map(([, text = '']) => text);
  }

  get pauses(): number[] {
    return this.calls('sleep').map(Number);
  }

  get cache(): string[] {
    return readdirSync(join(this.root, CACHE)).filter((name) => name !== '.keep');
  }
}

const leased = (): Guest => {
  const guest = new Guest();
  guest.write('run/airhive/lease', '');
  return guest;
};

describe('the packages that the ISO lacks', () => {
  it('are tried for again and again while there is no address, and no mirror is asked', () => {
    const guest = new Guest();
    guest.call('keep', 4);
    expect(guest.pauses).toEqual([5, 5, 5, 5]);
    expect(guest.calls('timeout')).toEqual([]);
    expect(guest.said).toEqual([
      'one two: not here yet (no address on the Wi-Fi yet); trying again',
    ]);
  });

  it('are asked for less and less from mirrors that fail, each mirror in turn, and said once', () => {
    const guest = leased();
    guest.call('keep', 10);
    expect(guest.pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    expect(guest.calls('timeout')).toHaveLength(20);
    expect(guest.said).toEqual([
      'one two: being fetched from http://a.example http://b.example',
      'one two: not here yet (http://b.example cannot be reached, or what it sends fails apk\'s checks); trying again',
    ]);
  });

  it('are asked for in bounded time: apk 2.12 would wait for ever', () => {
    const guest = leased();
    guest.write('mirror', 'x');
    guest.call('keep');
    const online = guest.calls('timeout');
    expect(online.map((line) => line.split(' ', 2).join(' '))).toEqual(['1200 apk', '1200 apk']);
    const networked = guest.calls('apk').filter((line) => / (update|fetch)( |$)/.test(line));
    expect(networked).toHaveLength(online.length);
  });

  it('are on the disk before they get their name, and are installed from there', () => {
    const guest = leased();
    guest.write('mirror', 'x');
    guest.call('keep');
    expect(guest.cache).toEqual(['current']);
    expect(readdirSync(join(guest.root, CACHE, 'current/main/x86_64')).sort()).toEqual([
      'APKINDEX.tar.gz',
      'one.apk',
      'two.apk',
    ]);
    expect(guest.read('calls')).toMatch(
      /^apk verify .*\n(sleep.*\n)?apk .* add .*--simulate .*\nsync \nmv \S+\/new \S+\/current\nsync \napk .* add /m,
    );
    expect(guest.calls('rc-service')).toEqual(['--quiet airhive-firewall start', '--quiet airhive-dns start']);
    expect(guest.pauses).toHaveLength(1);
    expect(guest.pauses[0]).toBeGreaterThan(604_700);
  });
});

describe('the cache', () => {
  const fill = (guest: Guest, ...names: string[]): void => {
    for (const name of names) guest.write(`${CACHE}/${name}/main/x86_64/APKINDEX.tar.gz`, name);
  };
  const index = (guest: Guest): string => guest.read(`${CACHE}/current/main/x86_64/APKINDEX.tar.gz`);

  // Everything that a cut can leave behind.
  it.each([
    [['current'], 'current'],
    [['current', 'new'], 'current'],
    [['current', 'old'], 'current'],
    [['new', 'old'], 'old'],
    [['old'], 'old'],
  ])('is usable at boot when %j is left', (left, used) => {
    const guest = new Guest();
    fill(guest, ...left);
    guest.call('install');
    expect(index(guest)).toBe(used);
    expect(guest.cache).not.toContain('new');
    expect(guest.calls('apk')).toEqual([
      `--no-network --no-progress add --quiet one two --repository ${CACHE}/current/main`,
    ]);
  });

  it.each([[['current'], 'current'], [['new', 'old'], 'old']])(
    'that is a week old stays while no mirror answers (%j is left)',
    (left, used) => {
      const guest = leased();
      guest.write('installed', '');
      fill(guest, ...left);
      utimesSync(join(guest.root, CACHE, used), 0, 0);
      guest.call('keep', 3);
      expect(index(guest)).toBe(used);
      expect(guest.pauses).toEqual([600, 600, 600]);
    },
  );

  it('that is a week old is replaced, and what was there goes last', () => {
    const guest = leased();
    guest.write('installed', '');
    guest.write('mirror', 'fresh');
    fill(guest, 'current', 'old');
    utimesSync(join(guest.root, CACHE, 'current'), 0, 0);
    guest.call('keep');
    expect(index(guest)).toBe('fresh');
    expect(guest.cache).toEqual(['current']);
    expect(guest.calls('mv').slice(-2)).toEqual([
      `${CACHE}/current ${CACHE}/old`,
      `${CACHE}/new ${CACHE}/current`,
    ]);
  });
});
