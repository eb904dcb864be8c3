import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { airhive, runInside, unwrapped } from './command.ts';
import { folderWith, profileText, RELEASES } from './projects.ts';

const TEN_MISTAKES = `# Ten of them.
alpine:
  release: 3.99.0
  flavor: standard
machine:
  cpus: 0
  memroy: 512
passthrough:
  - pci: 4/0/9
    id: intel
network:
  bridge: bridge0
  tap: tun0
  host: 172.24.1.49/24
  guest: 172.24.2.1
wifi:
  country: germany
ssh:
  port: 70000
host:
  directory: /mnt/my vm
  freebsd: "14.3"
`;

it('ten mistakes in a profile are ten messages with their places, in one run', async () => {
  const cwd = folderWith({ 'mine.yaml': TEN_MISTAKES });
  const { code, stdout, stderr } = await airhive(['build', '--profile', 'mine.yaml', '--offline'], { cwd });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  const places = stderr.match(/^mine\.yaml:\d+:\d+ [a-z]\S*:/gm);
  expect(places).toEqual([
    'mine.yaml:3:12 alpine.release:',
    'mine.yaml:6:9 machine.cpus:',
    'mine.yaml:7:3 machine.memroy:',
    'mine.yaml:9:10 passthrough[0].pci:',
    'mine.yaml:10:9 passthrough[0].id:',
    'mine.yaml:13:8 network.tap:',
    'mine.yaml:15:10 network.guest:',
    'mine.yaml:17:12 wifi.country:',
    'mine.yaml:19:9 ssh.port:',
    'mine.yaml:21:14 host.directory:',
  ]);
  expect(stderr).toContain('   7 |   memroy: 512\n     |   ^\n');
  expect(stderr).toMatch(/memroy.*did you mean machine\.memory\?/);
  expect(stderr).toMatch(/^error: mine\.yaml: 10 problems, nothing was built$/m);
  expect((await runInside(['build', '--profile', 'mine.yaml'], { cwd })).stderr).toBe(stderr);
});

it('says who reaches what the tunnel of an access point opens, and that no mark closes it', async () => {
  const wifi = {
    country: 'DE',
    mode: 'access-point',
    accessPoint: { ssid: 'x', channel: 6, dns: ['192.168.7.1'] },
  };
  const text = profileText({ wifi, ssh: { reverse: true }, firewall: { only: 'trusted' } });
  const { code, stderr } = await runInside(['build', '--offline', '--profile', 'mine.yaml'], {
    cwd: folderWith({ 'mine.yaml': text }),
  });
  expect(code).toBe(0);
  expect(stderr).toMatch(/mine\.yaml:\d+:\d+ firewall\.only: warning: trusted closes nothing here/);
  expect(unwrapped(stderr)).toContain(
    "reaches the host's sshd (port 22): every client of the access point may try it",
  );
  expect(unwrapped(stderr)).not.toMatch(/Wi-Fi that the guest joins|set firewall\.only to trusted/);
});

it('a file gives its base name to the bundle, wherever it lies, and --out says where that goes', async () => {
  const cwd = folderWith({});
  mkdirSync(join(cwd, 'deep'));
  const away = folderWith({ 'my-own.yml': profileText() });
  const { code, stdout } = await runInside(
    ['build', '--offline', '--profile', join(away, 'my-own.yml'), '--out', 'deep/down'],
    { cwd },
  );
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'deep/down/my-own/\ndeep/down/my-own.tar\ndeep/down/my-own.pkg\n',
  });
  const outside = await runInside(
    ['build', '--offline', '--profile', join(away, 'my-own.yml'), '--out', away],
    { cwd },
  );
  expect(outside.stdout).toBe(`${away}/my-own/\n${away}/my-own.tar\n${away}/my-own.pkg\n`);
});

it('a file whose name cannot name a bundle is refused', async () => {
  const cwd = folderWith({ 'My Own.yaml': profileText() });
  const { code, stderr } = await runInside(['build', '--offline', '--profile', './My Own.yaml'], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain('the name of a profile has to be');
});

it('validate reports all that is wrong in all files, and the warnings of good ones', async () => {
  const cwd = folderWith({
    'good.yaml': profileText({ network: { host: '192.168.1.2/24', guest: '192.168.1.1' } }),
    'bad.yaml': profileText({ machine: { cpus: 0 } }),
    'worse.yaml': profileText({ machine: { memory: '64M' } }),
  });
  const all = await runInside(['validate', './good.yaml', 'bad.yaml', './worse.yaml'], { cwd });
  expect({ code: all.code, stdout: all.stdout }).toEqual({ code: 2, stdout: '' });
  expect(all.stderr).toMatch(/^good\.yaml:\d+:\d+ network\.host: warning: /m);
  expect(all.stderr).toMatch(/^bad\.yaml:\d+:\d+ machine\.cpus: /m);
  expect(all.stderr).toMatch(/^worse\.yaml:\d+:\d+ machine\.memory: /m);
  expect(all.stderr).toMatch(/^error: bad\.yaml, worse\.yaml: 2 problems/m);

  const good = await runInside(['validate', './good.yaml'], { cwd });
  expect(good).toMatchObject({ code: 0, stdout: 'good.yaml: ok\n' });
  expect(good.stderr).toMatch(/^warning: good\.yaml:\d+:\d+ network\.host: /);
  // Memory below the floor alone is not wrong, but nothing that airhive can serve.
  expect((await runInside(['validate', './worse.yaml'], { cwd })).code).toBe(3);
});

it('mistakes in a releases file have their places, too', async () => {
  const cwd = folderWith({
    'pins.yaml': RELEASES.replace(/size: .*/, 'size: many').replace('witnesses', 'witneses'),
  });
  const { code, stderr } = await runInside(['plan', '--profile', 'intel8260', '--releases', 'pins.yaml'], {
    cwd,
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^pins\.yaml:7:9 \[0\]\.size: .*got "many"$/m);
  expect(stderr).toMatch(/^pins\.yaml:8:3 \[0\]\.witneses: .*did you mean .*witnesses/m);
  expect((await runInside(['plan', '--profile', 'intel8260', '--releases', 'no.yaml'], { cwd })).code).toBe(
    7,
  );
});

it('SOURCE_DATE_EPOCH that is no number is refused', async () => {
  const cwd = folderWith({});
  const { code, stderr } = await airhive(['build', '--profile', 'intel8260', '--offline'], {
    cwd,
    env: { SOURCE_DATE_EPOCH: 'yesterday' },
  });
  expect(code).toBe(2);
  expect(stderr).toContain('SOURCE_DATE_EPOCH is "yesterday"');
});
