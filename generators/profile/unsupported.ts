/** Choices that exist in Alpine but that airhive cannot serve, with the reason: exit 3 instead of 2. */
const REASONS: readonly { key: string; value: RegExp; reason: string }[] = [
  {
    key: 'flavor',
    value: /^(alpine-)?virt$/,
    reason:
      'the virt flavour cannot drive a Wi-Fi card: its kernel has no Wi-Fi drivers and its ISO no firmware; use standard or extended',
  },
  {
    key: 'kernel',
    value: /^(linux-)?virt$/,
    reason: 'the virt kernel has no Wi-Fi drivers; only lts kernels can serve a card that is passed through',
  },
  {
    key: 'arch',
    value: /^(x86|i[3-6]86|x86_32|ia32)$/,
    reason: 'a 32-bit guest is not supported: device and memory layout are made for x86_64; use x86_64',
  },
  {
    key: 'arch',
    value: /^(aarch64|arm64|armhf|armv7|ppc64le|s390x|riscv64|loongarch64|mips64)$/,
    reason: 'bhyve passes PCI cards through on x86_64 only; use x86_64',
  },
];

/** Why the value of a key is not supported; undefined when nothing is known against it. */
export function unsupportedReason(key: string | number | undefined, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return REASONS.find((entry) => entry.key === key && entry.value.test(value.toLowerCase()))?.reason;
}
