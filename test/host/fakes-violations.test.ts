import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { ATTACHED, call, MOUNTED } from './fakes-bench.ts';

describe('the bench notes what no script may do', () => {
  it.each([
    [
      'rename of an attached image',
      `${ATTACHED} cp "$W/a.img" "$W/c"; mv "$W/c" "$W/a.img"; "$S/mount_msdosfs" "$D/md0" "$W/m"`,
    ],
    ['a link on a FAT', `${MOUNTED} ln -s x "$W/m/y"; "$S/umount" "$W/m"`],
    ['a passphrase as an argument', 'echo x | "$S/wpa_passphrase" net passphrase'],
    ['ping for ever', '"$S/ping" 172.24.1.1'],
    ['ssh that asks', '"$S/ssh" root@172.24.1.1 true'],
    ['a command without a fake', 'ln -s "$C/cat" "$W/gcc"; "$W/gcc"'],
  ])('%s', (_, line) => {
    const machine = new Machine();
    call(machine, line);
    expect(machine.get('violations')).not.toBe('');
    machine.put('violations', '');
  });
});
