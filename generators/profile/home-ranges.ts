import { overlaps, subnet, type Subnet } from './address.ts';

/**
 * Ranges that access points hand out unless told otherwise, from their makers' documented defaults. When the guest's own subnet is one of them, a lease on its
 * Wi-Fi side can lie in the same range, and the host then reaches neither (wifibox issue 83 is such a case).
 */
const HOME_RANGES: readonly { range: Subnet; used: string }[] = [
  { range: subnet('192.168.0.0/24'), used: 'D-Link, Netgear and TP-Link routers' },
  { range: subnet('192.168.1.0/24'), used: 'ASUS, Linksys and many other routers' },
  { range: subnet('192.168.2.0/24'), used: 'Belkin and Speedport routers' },
  { range: subnet('192.168.3.0/24'), used: 'Huawei routers' },
  { range: subnet('192.168.4.0/22'), used: 'eero routers' },
  { range: subnet('192.168.8.0/24'), used: 'Huawei mobile routers' },
  { range: subnet('192.168.31.0/24'), used: 'Xiaomi routers' },
  { range: subnet('192.168.43.0/24'), used: 'Android hotspots' },
  { range: subnet('192.168.49.0/24'), used: 'Wi-Fi Direct groups of Android' },
  { range: subnet('192.168.50.0/24'), used: 'newer ASUS routers' },
  { range: subnet('192.168.68.0/24'), used: 'TP-Link Deco routers' },
  { range: subnet('192.168.86.0/24'), used: 'Google and Nest routers' },
  { range: subnet('192.168.88.0/24'), used: 'MikroTik routers' },
  { range: subnet('192.168.100.0/24'), used: 'cable modems' },
  { range: subnet('192.168.178.0/24'), used: 'FRITZ!Box routers' },
  { range: subnet('192.168.179.0/24'), used: 'FRITZ!Box guest networks' },
  { range: subnet('10.0.0.0/24'), used: 'Xfinity routers' },
  { range: subnet('10.0.1.0/24'), used: 'Apple routers' },
  { range: subnet('10.1.1.0/24'), used: 'some D-Link and NetComm routers' },
  { range: subnet('172.16.0.0/24'), used: 'some office routers' },
  { range: subnet('172.20.10.0/28'), used: 'iPhone hotspots' },
];

/** The first well-known range that shares addresses with `own`. */
export function homeRangeIn(own: Subnet): { range: Subnet; used: string } | undefined {
  return HOME_RANGES.find(({ range }) => overlaps(range, own));
}
