/** The files of a FreeBSD laptop with working native Wi-Fi, as they lie below /. */
export const LAPTOP = new URL('laptop', import.meta.url).pathname;

/** Folders that the files do not bring along. */
export const FOLDERS = [
  'bin',
  ...['processes', 'interfaces', 'users', 'jails', 'md'].map((path) => `state/${path}`),
  ...['boot/kernel', 'dev/vmm', 'mnt', 'tmp'],
  ...['etc/rc.d', 'sbin', 'share/uefi-firmware'].map((path) => `usr/local/${path}`),
  ...['db', 'log', 'run', 'spool/lock', 'tmp'].map((path) => `var/${path}`),
];

/** In the form of FreeBSD 13 and later: a tab after the selector. */
export const PCICONF = `hostb0@pci0:0:0:0:\tclass=0x060000 rev=0x08 hdr=0x00 vendor=0x8086 device=0x1904 subvendor=0x17aa subdevice=0x2238
ppt0@pci0:4:0:0:\tclass=0x028000 rev=0x3a hdr=0x00 vendor=0x8086 device=0x24f3 subvendor=0x8086 subdevice=0x0130
`;

const MODULES = 'vmm nmdm if_bridge bridgestp if_iwm if_iwlwifi i915kms acpi_ibm if_em msdosfs geom_md';

/** The machine itself: what no file of FreeBSD changes. */
export const HARDWARE: Readonly<Record<string, string>> = {
  clock: '1000\n',
  release: '14.3-RELEASE-p2\n',
  machine: 'amd64\n',
  uid: '0\n',
  'free-kilobytes': '5000000\n',
  sysctl: [
    ...['hw.physmem=8589934592', 'hw.model=Intel(R) Core(TM) i5-6300U CPU @ 2.40GHz', 'hw.ncpu=4'],
    ...[
      'hw.machine=amd64',
      'kern.osreldate=1403000',
      'kern.securelevel=-1',
      'security.jail.jailed=0',
      'kern.bootfile=/boot/kernel/kernel',
    ],
    ...['kern.module_path=/boot/kernel;/boot/modules', 'kern.hostname=thinkpad.example.org'],
    ...['kern.coredump=1', 'vfs.zfs.min_auto_ashift=9', 'security.bsd.see_other_uids=1'],
    ...[
      'net.inet.ip.forwarding=0',
      'net.route.multipath=1',
      'net.link.tap.up_on_open=0',
      'net.link.tap.user_open=0',
    ],
    ...['hw.vmm.maxcpu=4', 'hw.vmm.iommu.enable=1', 'hw.vmm.iommu.initialized=0', 'hw.vmm.amdvi.enable=0'],
    ...['hw.vmm.vmx.cap.unrestricted_guest=1', 'hw.vmm.vmx.initialized=1', 'hw.vmm.ppt.devices=0'],
    '',
  ].join('\n'),
  // What the kernel says at boot; dmesg.boot has it.
  dmesg: [
    'CPU: Intel(R) Core(TM) i5-6300U CPU @ 2.40GHz (2500.00-MHz K8-class CPU)',
    '  Features2=0x7ffafbbf<SSE3,PCLMULQDQ,DTES64,MON,DS_CPL,VMX,SMX,EST,TM2,SSSE3,SDBG,FMA,CX16>',
    '  VT-x: PAT,HLT,MTF,PAUSE,EPT,UG,VPID',
    '',
  ].join('\n'),
  // What acpidump -t finds.
  'acpi-tables': 'RSD PTR\nXSDT\nFACP\nDSDT\nAPIC\nMCFG\nDMAR\n',
  pciconf: PCICONF.replace('ppt0@', 'none0@'),
  // SELECTOR DRIVER MODULE: what FreeBSD would drive a card with, in the order in which it tries.
  native: 'pci0:4:0:0 iwm if_iwm\npci0:4:0:0 iwlwifi if_iwlwifi\n',
  // Files of /boot/kernel, without .ko.
  'kernel-modules': `${MODULES.split(' ').join('\n')}\n`,
  modules: 'kernel\ntuntap\n',
};

/** RAM of a machine that was rebooted with all settings of airhive. */
export const READY: Readonly<Record<string, string>> = {
  modules: 'kernel\ntuntap\nvmm\nnmdm\nif_bridge\nbridgestp\n',
  pciconf: PCICONF,
  'interfaces/lo0': 'up\ninet 127.0.0.1/8\n',
  'interfaces/tap0': '',
  'interfaces/bridge0': 'up\ninet 172.24.1.49\nmember tap0\n',
  routes: 'default 172.24.1.1 bridge0\n',
  sysctl: (HARDWARE.sysctl ?? '')
    .replace('net.route.multipath=1', 'net.route.multipath=0')
    .replace('net.link.tap.up_on_open=0', 'net.link.tap.up_on_open=1'),
};
