import { expect, it } from 'vitest';
import { materialize } from '../../generators/formats/sparse.ts';

it('fills everything outside the extents with zeros', () => {
  const extents = [
    { offset: 1, bytes: Uint8Array.of(1, 2) },
    { offset: 5, bytes: Uint8Array.of(3) },
  ];
  expect(materialize({ size: 8, extents })).toEqual(Uint8Array.of(0, 1, 2, 0, 0, 3, 0, 0));
});

it('refuses an extent that leaves the image', () => {
  expect(() => materialize({ size: 2, extents: [{ offset: 1, bytes: Uint8Array.of(1, 2) }] })).toThrow(
    RangeError,
  );
});
