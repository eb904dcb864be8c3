import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { online, prints, running } from './status-bench.ts';

const LOOKED = 'usr/libexec/airhive/card';
const NO_WIFI = { 'bin/status': '', 'bin/signal': '', 'bin/ip': prints('') };

/** vm_status of a guest whose program for the card prints this; without an interface, or in trouble, or online. */
async function told(
  printed: string,
  changes: Record<string, string> = NO_WIFI,
  there = false,
  native = true,
) {
  const { machine, status } = await running();
  if (!native) {
    const file = join(machine.directory, 'current/vm.conf');
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^NATIVE_DRIVERS=.*if_/m);
    writeFileSync(file, text.replace(/^NATIVE_DRIVERS=.*$/m, "NATIVE_DRIVERS=''"));
  }
  online(machine, { [LOOKED]: prints(printed), ...changes });
  if (!there) rmSync(join(machine.state, 'guest-files/sys/class/net/wlan0'));
  const screen = await status();
  const { code, said } = await status('--json');
  expect(screen.code).toBe(code);
  return { ...screen, json: JSON.parse(said) as Record<string, unknown> };
}

describe('vm_status tells why the card does not come up', () => {
  it.each([
    ['no-card', null, 'no card', 'vm_install check'],
    ['no-driver', '8086:2725', 'no driver: .* 8086:2725', 'newer Alpine release'],
    [
      'firmware-missing',
      'iwlwifi-ty-a0-gf-a0-89.ucode',
      String.raw`firmware missing \(iwl.*-89\.ucode\)`,
      'vm_install apply',
    ],
    ['reset-failed', 'driver own failed', String.raw`reset failed \(driver own failed\)`, 'Shut down'],
    [
      'interrupts',
      'failed to power up mhi: -110',
      String.raw`no interrupts \(failed to power`,
      'vm_native on',
    ],
    ['firmware-crash', 'firmware crashed! (guid n/a)', 'firmware crashes', 'service airhive restart'],
    [
      'unknown',
      'failed to download firmware',
      "the card does not come up, and its driver's last words are: failed to download firmware",
      'vm_log',
    ],
  ])('%s', async (state, detail, words, advice) => {
    const { code, said, rows, json } = await told(`${state}${detail === null ? '' : ` ${detail}`}\n`);
    expect(code).toBe(5);
    expect(rows.guest).toMatch(/^no-card, /);
    expect(said).toMatch(RegExp(`^ {10}card: ${words}.*${advice}`, 'm'));
    expect(json).toMatchObject({ state: 'no-card', card_state: state, card_detail: detail });
    expect(json.reason).toMatch(RegExp(`^card: ${words}`));
    expect(rows.card).toContain('kept for the guest (ppt0)');
  });

  it.each(['no-driver 14c3:7902', 'firmware-missing x.bin', 'reset-failed x', 'interrupts x'])(
    '%s, and vm_native only where FreeBSD has a driver',
    async (printed) => {
      expect((await told(`${printed}\n`)).said).toMatch(/^ {10}card: .*use vm_native on$/m);
      const { said } = await told(`${printed}\n`, NO_WIFI, false, false);
      expect(said).toMatch(/^ {10}card: /m);
      expect(said).not.toContain('vm_native');
    },
  );

  it.each([
    ['rfkill hard', 'radio off: a key'],
    ['rfkill soft', 'radio off: it is switched off by software'],
    ['country DE', 'no channel: the country DE'],
  ])('%s of a card that has an interface', async (printed, words) => {
    const { code, said, rows, json } = await told(`${printed}\n`, NO_WIFI, true);
    expect(code).toBe(5);
    expect(rows.guest).toMatch(/^offline, /);
    expect(said).toMatch(RegExp(`^ {10}card: ${words}`, 'm'));
    const [state, detail] = printed.split(' ');
    expect(json).toMatchObject({ state: 'offline', card_state: state, card_detail: detail });
  });

  it('crashes of a card that works in between', async () => {
    const { code, said, json } = await told('firmware-crash Microcode SW error detected.\n', {}, true);
    expect(code).toBe(0);
    expect(said).toMatch(/^ {10}card: firmware crashes \(Microcode SW error detected\.\)/m);
    expect(json).toMatchObject({ state: 'online', card_state: 'firmware-crash' });
  });

  it('nothing when all is well', async () => {
    const { code, said, json } = await told('ok\n', {}, true);
    expect(code).toBe(0);
    expect(said).not.toContain('card: ');
    expect(json).toMatchObject({ reason: null, card_state: 'ok', card_detail: null });
  });

  it('that to build again does not help when the kernel takes no firmware from the vdisk', async () => {
    const words = 'this kernel takes no firmware from the vdisk';
    const { said } = await told('firmware-missing a.ucode\n', {
      ...NO_WIFI,
      'run/airhive/said/firmware': words,
    });
    expect(said).toContain(`\n          card: firmware missing (a.ucode): ${words}\n`);
    expect(said).not.toContain('build the bundle again');
  });

  it('nothing of a guest of an older bundle, which has no such program', async () => {
    const { machine, status } = await running();
    online(machine, { ...NO_WIFI, 'run/airhive/said/wifi': 'disconnected' });
    rmSync(join(machine.state, 'guest-files', LOOKED));
    expect(JSON.parse((await status('--json')).said)).toMatchObject({
      state: 'offline',
      reason: 'disconnected',
      card_state: null,
      card_detail: null,
    });
  });
});

describe('a guest that lies about its card', () => {
  it.each([
    ['a state that there is not', 'broken $(reboot)\n'],
    ['a state with a pattern', '* x\n'],
    ['nothing', '\n'],
    ['a state of another line', 'ok\ncard rfkill\nreset-failed"; reboot\n'],
  ])('%s is none', async (_what, printed) => {
    const { said, json } = await told(printed);
    expect(json).toMatchObject({ state: 'no-card', card_state: null, card_detail: null });
    expect(said).not.toContain('card: ');
  });

  it('breaks neither the terminal nor JSON, and starts nothing', async () => {
    const detail = '\u001b]0;x\u0007a.bin`touch /tmp/never`$(touch /tmp/never)"\\ ' + 'long'.repeat(200);
    const { said, json } = await told(`firmware-missing ${detail}\n`);
    expect(said).toMatch(/^[\n -~]*$/);
    expect(json.card_detail).toMatch(/^\]0;xa\.bin`touch \/tmp\/never`\$\(touch \/tmp\/never\)"\\ long/);
    expect(String(json.card_detail).length).toBeLessThan(300);
  });
});
