import { existsSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Guest } from './guest.ts';

const PARAMETER = 'sys/module/firmware_class/parameters/path';

/** A guest whose vdisk is mounted at this directory. */
function guest(directory = 'media/vda'): Guest {
  const made = new Guest('firmware');
  made.tool('modprobe', '');
  made.write('media/sr0/apks/.boot_repository', '');
  made.write(`${directory}/airhive.apkovl.tar.gz`, '');
  return made;
}

describe('the firmware that came with the bundle', () => {
  it.each(['media/vda', 'media/vdc'])('is where the kernel looks first: %s', (directory) => {
    const made = guest(directory);
    made.write(`${directory}/firmware/iwlwifi-1.ucode`, '');
    made.write(PARAMETER, '');
    made.call();
    // No newline: it would belong to the name.
    expect(made.read(PARAMETER)).toBe(`${made.root}/${directory}/firmware`);
    expect(made.said).toEqual([]);
  });

  it('is looked for by a kernel whose loader is a module', () => {
    const made = guest();
    made.write('media/vda/firmware/iwlwifi-1.ucode', '');
    made.tool('modprobe', `mkdir -p "$GUEST/sys/module/firmware_class/parameters" && : >"$GUEST/${PARAMETER}"`);
    made.call();
    expect(made.calls('modprobe')).toEqual(['-q firmware_class']);
    expect(made.read(PARAMETER)).toMatch(/\/media\/vda\/firmware$/);
  });

  it('changes nothing in a bundle without any', () => {
    const made = guest();
    made.write('media/sr0/firmware/other', '');
    made.write(PARAMETER, '');
    made.call();
    expect(made.read(PARAMETER)).toBe('');
    expect(made.calls('modprobe')).toEqual([]);
    expect(made.said).toEqual([]);
  });

  it('is missed once when the kernel takes none from elsewhere', () => {
    const made = guest();
    made.write('media/vda/firmware/iwlwifi-1.ucode', '');
    made.call();
    made.call();
    expect(existsSync(`${made.root}/${PARAMETER}`)).toBe(false);
    expect(made.said).toEqual([expect.stringMatching(/^this kernel takes no firmware from the vdisk \(.* cannot be written\)/)]);
  });
});

describe('what is said before there is a log', () => {
  it('is in the log later', () => {
    const made = guest();
    rmSync(`${made.root}/var/lib/airhive/log`, { recursive: true });
    made.write('media/vda/firmware/iwlwifi-1.ucode', '');
    made.call();
    expect(made.read('run/airhive/early.log')).toMatch(/^\S+ this kernel takes no firmware/);
  });
});
