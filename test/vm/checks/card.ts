import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBundle, forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { eventually } from '../eventually.ts';
import { hostCommand } from '../host-commands.ts';
import { HOME, HOME_NETWORK } from './boots.ts';

// Why the card does not come up, said by the real guest: on its console, and by vm_status on the host. The card is one of
// QEMU's (i82551), of which the guest has no driver at first; Debian's e100 asks for a file of firmware, as those of Wi-Fi
// cards do. Real are here: no driver, firmware missing, no card, a radio that is off, all well. What a Wi-Fi card's driver says
// when a reset fails, no interrupt comes or its firmware crashes is written into the kernel's log by the test (played), and so
// are registers that read as ones (a file in their place) and a country without channels (an iw that says so).

const PLACE = '0000:00:05.0';
const ID = '8086:1209';
/** The network of the host's kernel as modules; the guest's own modloop has none of a wired card. */
const E100 = ['drivers/net/mii.ko', 'drivers/net/ethernet/intel/e100.ko'];

const card: Boot = {
  name: 'card',
  prepare: async (tools) => ({
    ...(await buildBundle(tools, { flavor: 'extended', networks: [HOME_NETWORK] })),
    card: 'manual',
    passthrough: 'undriven',
  }),
  started: ({ air }) => air.start(HOME),
};

interface Told {
  readonly code: number;
  readonly json: Record<string, unknown>;
}

async function status(bench: Bench): Promise<Told> {
  const { code, stdout } = await hostCommand(bench, ['vm_status', '--json']);
  return { code, json: JSON.parse(stdout) as Record<string, unknown> };
}

/** What vm_status says of the card: its state, and why. */
async function saysCard(bench: Bench, state: string, words: RegExp): Promise<void> {
  const { json } = await status(bench);
  assert.equal(json.card_state, state, JSON.stringify(json));
  assert.match(String(json.reason), words);
}

/** The kernel's log gets these lines, and the guest looks, as it does every 15 seconds without an interface. */
async function played(bench: Bench, lines: readonly string[]): Promise<string> {
  for (const line of lines) await bench.guestOk(`echo '<3>${line}' >/dev/kmsg`);
  return (await bench.guestOk('/usr/libexec/airhive/card absent')).trim();
}

check('card: no driver (real)', card, async (bench) => {
  await bench.machine.console.waitFor(
    /no driver: the guest's Linux has no driver for the card 8086:1209/,
    180,
  );
  await bench.machine.console.waitFor(/airhive login:/, 180);
  const { code, json } = await status(bench);
  assert.deepEqual([code, json.state, json.card_state, json.card_detail], [5, 'no-card', 'no-driver', ID]);
  assert.match(await bench.guestOk('cat /var/log/messages'), /airhive: no driver: /);
});

check('card: firmware missing (real)', card, async (bench) => {
  const from = bench.machine.console.position;
  const version = (await bench.guestOk('uname -r')).trim();
  for (const [index, path] of E100.entries()) {
    const module = await readFile(join('/lib/modules', version, 'kernel', path));
    await bench.guestOk(`cat >/tmp/${index}.ko && insmod /tmp/${index}.ko`, { input: module });
  }
  // It asks for its file when it is used.
  await bench.guest('ip link set eth1 up');
  const file = /firmware missing \((e100\/d10\w+_ucode\.bin)\)/;
  await bench.machine.console.waitFor(file, 60, from);
  const { json } = await status(bench);
  assert.equal(json.card_state, 'firmware-missing');
  assert.match(String(json.card_detail), /^e100\/d10\w+_ucode\.bin$/);
  assert.match(String(json.reason), /^card: firmware missing \(e100\/.*build the bundle again/);
  bench.report(`asked for ${String(json.card_detail)}`);
});

const PLAYED: readonly (readonly [state: string, lines: readonly string[], words: RegExp])[] = [
  ['reset-failed', [`mt7921e ${PLACE}: driver own failed`], /^card: reset failed \(driver own failed\)/],
  [
    'interrupts',
    ['mhi mhi0: Requested to power ON', `ath11k_pci ${PLACE}: failed to power up mhi: -110`],
    /^card: no interrupts \(failed to power up mhi: -110\)/,
  ],
  [
    'firmware-crash',
    [`iwlwifi ${PLACE}: Microcode SW error detected. Restarting 0x0.`],
    /^card: firmware crashes \(Microcode SW error/,
  ],
  [
    'firmware-missing',
    [`iwlwifi ${PLACE}: Direct firmware load for iwlwifi-ty-a0-gf-a0-89.ucode failed with error -2`],
    /^card: firmware missing \(iwlwifi-ty-a0-gf-a0-89\.ucode\)/,
  ],
  [
    'unknown',
    [`rtw_8822ce ${PLACE}: failed to download firmware`],
    /driver's last words are: failed to download/,
  ],
];

PLAYED.forEach(([state, lines, words]) => {
  check(`card: ${state} (played)`, card, async (bench) => {
    const from = bench.machine.console.position;
    // The attempt before is over.
    const found = await played(bench, [`e100: probe of ${PLACE} failed with error -5`, ...lines]);
    assert.match(found, new RegExp(`^${state} `));
    await saysCard(bench, state, words);
    await bench.machine.console.waitFor(new RegExp(words.source.replace(/^\^card: /, '')), 30, from);
  });
});

check('card: registers that read as ones (played)', card, async (bench) => {
  const config = `/sys/bus/pci/devices/${PLACE}/config`;
  await bench.guestOk(`printf '\\377\\377\\377\\377' >/tmp/ones && mount --bind /tmp/ones ${config}`);
  assert.equal(await played(bench, []), 'reset-failed it reads as ones');
  await bench.guestOk(`umount ${config}`);
  assert.match(await played(bench, []), /^unknown /);
});

check('card: none on the bus (real)', card, async (bench) => {
  const from = bench.machine.console.position;
  await bench.guestOk(`echo 1 >/sys/bus/pci/devices/${PLACE}/remove`);
  await bench.machine.console.waitFor(/no card: there is no Wi-Fi card on the guest's PCI bus/, 60, from);
  await saysCard(bench, 'no-card', /^card: no card: .*vm_install check/);
  await bench.guestOk('echo 1 >/sys/bus/pci/rescan');
});

check('card: ok when it comes up, and the words are taken back (real)', card, async (bench) => {
  const from = bench.machine.console.position;
  await bench.air.card('add');
  await bench.machine.console.waitFor(/the Wi-Fi card works now/, 60, from);
  await forwarding(bench, 180);
  await eventually('vm_status', 30, async () => (await status(bench)).json.state === 'online');
  const { code, json } = await status(bench);
  assert.deepEqual([code, json.card_state, json.card_detail, json.reason], [0, 'ok', null, null]);
  assert.notEqual((await bench.guest('test -e /run/airhive/said/card')).code, 0);
});

check('card: a radio that software has switched off, and on again (real)', card, async (bench) => {
  const from = bench.machine.console.position;
  await bench.guestOk('rfkill block wifi');
  await bench.machine.console.waitFor(/radio off: it is switched off by software/, 120, from);
  await saysCard(bench, 'rfkill', /^card: radio off: .*rfkill unblock wifi/);
  assert.equal((await status(bench)).json.card_detail, 'soft');
  const later = bench.machine.console.position;
  await bench.guestOk('rfkill unblock wifi');
  await bench.machine.console.waitFor(/the Wi-Fi card works now/, 120, later);
  await forwarding(bench, 180);
});

check('card: a country that allows no channel (played)', card, async (bench) => {
  const from = bench.machine.console.position;
  const fake =
    "#!/bin/sh\nprintf '\\t\\t\\t* 2412 MHz [1] (disabled)\\n\\t\\t\\t* 2437 MHz [6] (disabled)\\n'\n";
  const real = (await bench.guestOk('command -v iw')).trim();
  await bench.guestOk(`cat >/tmp/iw && chmod 755 /tmp/iw && mount --bind /tmp/iw "$(readlink -f ${real})"`, {
    input: fake,
  });
  await bench.air.points.get('ap0')?.off();
  await bench.machine.console.waitFor(/no channel: the country 00 allows none/, 120, from);
  await saysCard(bench, 'country', /^card: no channel: the country 00 .*wifi\.country/);
  await bench.guestOk(`umount "$(readlink -f ${real})"`);
  await bench.air.points.get('ap0')?.on();
  await bench.machine.console.waitFor(/the Wi-Fi card works now/, 120, from);
  await forwarding(bench, 180);
});

check('card: firmware that crashes again and again while it works (played)', card, async (bench) => {
  const crash = `<3>iwlwifi ${PLACE}: Microcode SW error detected. Restarting 0x2000000.`;
  await bench.guestOk(`for i in 1 2 3; do echo '${crash}' >/dev/kmsg; sleep 1.2; done`);
  const { code, json } = await status(bench);
  assert.deepEqual([code, json.state, json.card_state], [0, 'online', 'firmware-crash']);
  assert.match(String(json.reason), /^card: firmware crashes \(Microcode SW error detected/);
});
