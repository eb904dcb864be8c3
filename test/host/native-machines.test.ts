import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { native, works } from './native-bench.ts';
import { install, lacks, lacksNative } from './stories/laptop.ts';

const TIME = 120_000;

describe('vm_native on other machines', { timeout: TIME }, () => {
  it('FreeBSD has no driver for the card', async () => {
    const machine = new Machine({ host: 'laptop', view: { drivers: '' } });
    machine.put('native', '');
    await machine.reboot();
    await install(machine);
    const ended = await native(machine, 'on', '--yes');
    expect(ended.code).toBe(3);
    expect(ended.said).toContain('FreeBSD has no driver of its own for this card');
    expect(lacks(machine)).toEqual([]);
  });

  it('FreeBSD has the card before the first reboot, with or without airhive installed', async () => {
    const machine = new Machine({ host: 'laptop' });
    const on = await machine.call('vm_native', 'on', '--yes');
    expect(on).toMatchObject({
      code: 0,
      said: "vm_native: FreeBSD's own driver has the card already: iwm0\n",
    });
    const off = await machine.call('vm_native', 'off', '--yes');
    expect(off.code).toBe(4);
    expect(off.said).toContain('vm_install apply and a reboot');
    expect(lacksNative(machine)).toEqual([]);
  });

  it('a gateway that stood in rc.conf before is used again', async () => {
    const machine = new Machine({ host: 'laptop' });
    machine.play('sysrc', 'defaultrouter=192.168.1.254');
    await machine.reboot();
    await install(machine);
    machine.put('no-lease-route', '');
    await works(machine, 'on');
    expect(machine.get('routes')).toBe('default 192.168.1.254 wlan0\n');
    await works(machine, 'off');
    expect(lacks(machine)).toEqual([]);
  });
});
