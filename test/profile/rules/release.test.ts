import { describe, expect, test } from 'vitest';
import { worstKind } from '../../../generators/profile/diagnostics.ts';
import { complaints, profileYaml, resolveText } from '../example.ts';

test.each([
  [
    { release: '3.24.0' },
    'alpine.release: 3.24.0 is not pinned; pinned are 3.24.1 standard, 3.24.1 extended, 3.13.0 standard',
  ],
  [
    { release: '3.13.0', flavor: 'extended' },
    'alpine.flavor: 3.13.0 is not pinned as extended, only as standard',
  ],
])('%j', (alpine, message) => expect(complaints({ alpine })).toEqual([message]));

test('a release past its end is warned about, and builds', () => {
  const { profile, diagnostics } = resolveText(profileYaml({ alpine: { release: '3.13.0' } }));
  expect(profile?.release.eol).toBe('2022-11-01');
  expect(diagnostics).toMatchObject([{ severity: 'warning', path: 'alpine.release' }]);
  expect(diagnostics[0]?.message).toContain('3.13.0 has had no security fixes since 2022-11-01');
});

describe('memory', () => {
  const memory = (release: string, size: string) =>
    complaints({ alpine: { release }, machine: { memory: size } }).filter(
      (line) => !line.includes('[warning]'),
    );

  test.each([
    ['3.24.1', '256M'],
    ['3.13.0', '196M'],
    ['3.24.1', '16G'],
  ])('%s boots with %s', (release, size) => expect(memory(release, size)).toEqual([]));

  test.each([
    ['3.24.1', '255M', '255M is below the floor of Alpine 3.24.1, 256M'],
    ['3.13.0', '195M', '195M is below the floor of Alpine 3.13.0, 196M'],
  ])('%s does not with %s', (release, size, message) =>
    expect(memory(release, size)).toEqual([
      expect.stringContaining(`machine.memory [unsupported]: ${message}`),
    ]),
  );

  test('alone it is exit 3, beside a mistake exit 2', () => {
    const machine = { memory: '128M' };
    expect(worstKind(resolveText(profileYaml({ machine })).diagnostics)).toBe('unsupported');
    expect(worstKind(resolveText(profileYaml({ machine: { ...machine, cpus: 0 } })).diagnostics)).toBe(
      'usage',
    );
  });
});
