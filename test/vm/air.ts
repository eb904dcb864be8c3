import { createHash } from 'node:crypto';
import type { Agent, AgentOptions } from './agent.ts';
import type { CommandResult } from './command.ts';
import { dnsmasqConf, hostapdConf, SERVER } from './air-config.ts';
import type { ApSpec } from './air-config.ts';

/** SHA-256 of what `http://SERVER/big/BYTES` answers; see toolbox/server.pl. */
export function bigDigest(bytes: number): string {
  const block = Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 167 + (i >> 8) * 13) & 255));
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= block.length)
    hash.update(left < block.length ? block.subarray(0, left) : block);
  return hash.digest('hex');
}

/** One access point that is on the air. */
export class AccessPoint {
  readonly name: string;
  private spec: ApSpec;
  private readonly air: Air;

  constructor(air: Air, name: string, spec: ApSpec) {
    this.air = air;
    this.name = name;
    this.spec = spec;
  }

  /** Turns the radio on with this specification. */
  async on(): Promise<void> {
    const { name, spec } = this;
    const network = spec.network ?? '10.77.0';
    await this.air.ok(`cat >/tmp/${name}.hostapd.conf`, { input: hostapdConf(spec, name) });
    await this.air.ok(`cat >/tmp/${name}.dnsmasq.conf`, { input: dnsmasqConf(spec, name) });
    await this.air.ok(
      `[ -e /sys/class/net/${name} ] || iw phy ${name} interface add ${name} type __ap
      ip addr flush dev ${name}; ip addr add ${network}.1/24 dev ${name}
      OPENSSL_MODULES=/tmp hostapd -B -P /tmp/${name}.hostapd.pid -f /tmp/${name}.hostapd.log /tmp/${name}.hostapd.conf ||
        { cat /tmp/${name}.hostapd.log; exit 1; }
      ip link set ${name} up
      ${spec.ipv6 === undefined ? '' : `ip addr add ${spec.ipv6}::1/64 dev ${name} nodad`}
      dnsmasq --conf-file=/tmp/${name}.dnsmasq.conf`,
    );
  }

  /** Turns the radio off: stations hear nothing more, not even a farewell. */
  async off(): Promise<void> {
    const { name } = this;
    await this.air.ok(
      `kill -9 $(cat /tmp/${name}.hostapd.pid /tmp/${name}.dnsmasq.pid 2>/dev/null) 2>/dev/null
      rm -f /tmp/${name}.hostapd.pid /tmp/${name}.dnsmasq.pid; ip link set ${name} down; iw dev ${name} del; true`,
    );
  }

  /** Off and on again with some things changed, e.g. channel, network, passphrase. Leases are forgotten. */
  async change(difference: Partial<ApSpec>): Promise<void> {
    await this.off();
    await this.air.ok(`rm -f /tmp/${this.name}.leases`);
    this.spec = { ...this.spec, ...difference };
    await this.on();
  }

  /** New leases, router or DNS without touching the radio. */
  async changeLeases(
    difference: Pick<Partial<ApSpec>, 'network' | 'range' | 'router' | 'dns' | 'lease' | 'dhcp' | 'dnsmasq'>,
  ): Promise<void> {
    this.spec = { ...this.spec, ...difference };
    const { name, spec } = this;
    await this.air.ok(`cat >/tmp/${name}.dnsmasq.conf`, { input: dnsmasqConf(spec, name) });
    await this.air.ok(
      `kill -9 $(cat /tmp/${name}.dnsmasq.pid); rm -f /tmp/${name}.leases
      ip addr flush dev ${name}; ip addr add ${spec.network ?? '10.77.0'}.1/24 dev ${name}
      dnsmasq --conf-file=/tmp/${name}.dnsmasq.conf`,
    );
  }

  /** A command of hostapd's own (hostapd_cli), e.g. `all_sta`, `deauthenticate MAC`, `chan_switch 5 2437`. */
  async cli(command: string): Promise<string> {
    return (await this.air.ok(`hostapd_cli -p /tmp/hostapd -i ${this.name} ${command}`)).stdout;
  }

  /** MAC addresses that are associated and authorized now. */
  async stations(): Promise<string[]> {
    const { stdout } = await this.air.exec(`iw dev ${this.name} station dump`);
    const stations = stdout.split(/^Station /m).slice(1);
    return stations.filter((text) => /authorized:\s+yes/.test(text)).map((text) => text.slice(0, 17));
  }

  /** The log of hostapd and the log of its DHCP and DNS server. */
  async logs(): Promise<string> {
    return (await this.air.exec(`cat /tmp/${this.name}.hostapd.log /tmp/${this.name}.dnsmasq.log`)).stdout;
  }
}

/** Everything on the far side of the guest's Wi-Fi; lives in the namespace "ap" of the guest's own kernel. */
export class Air {
  private readonly agent: Agent;
  private serving = false;
  readonly points = new Map<string, AccessPoint>();

  constructor(agent: Agent) {
    this.agent = agent;
  }

  /** Runs a shell command on the far side. */
  exec(command: string, options: AgentOptions = {}): Promise<CommandResult> {
    return this.agent.run('ap', command, options);
  }

  /** As exec, but a failure throws. */
  async ok(command: string, options: AgentOptions = {}): Promise<CommandResult> {
    const result = await this.exec(command, options);
    if (result.code !== 0)
      throw new Error(`far side: ${command}: ${result.code}: ${result.stdout}${result.stderr}`);
    return result;
  }

  /** The web, echo and iperf3 servers at SERVER.address; started with the first access point. */
  private async serve(): Promise<void> {
    if (this.serving) return;
    this.serving = true;
    await this.ok(
      `ip link set lo up; ip addr add ${SERVER.address}/32 dev lo; ip addr add ${SERVER.address6}/128 dev lo
      echo 0 >/proc/sys/net/ipv4/ip_forward
      setsid perl /server.pl >/tmp/server.log 2>&1 </dev/null &
      iperf3 -s -D --logfile /tmp/iperf3.log`,
    );
  }

  /** Starts an access point on a radio of its own, which the guest never sees but on the air. */
  async start(spec: ApSpec): Promise<AccessPoint> {
    const name = spec.name ?? 'ap0';
    if (this.points.has(name)) throw new Error(`there is an access point ${name} already`);
    const point = new AccessPoint(this, name, spec);
    this.points.set(name, point);
    await this.agent.radio('add', name);
    await this.serve();
    await point.on();
    return point;
  }

  /** Takes an access point and its radio away for good. */
  async remove(point: AccessPoint): Promise<void> {
    await point.off();
    await this.agent.radio('del', point.name);
    this.points.delete(point.name);
  }

  /** Plugs in the guest's Wi-Fi card (MachineSpec.card = manual) or pulls it out. */
  card(verb: 'add' | 'del'): Promise<void> {
    return this.agent.radio(verb, 'card');
  }

  /**
   * Spoils the web server's answers for paths that begin with `prefix`; an empty list ends it. `slow` takes bytes
   * per second, `cut` bytes, `status` a number; `refuse` closes at once, `stall` never answers, `garbage` sends noise.
   */
  async faults(
    list: readonly {
      prefix: string;
      kind: 'slow' | 'cut' | 'status' | 'refuse' | 'stall' | 'garbage';
      argument?: number;
    }[],
  ): Promise<void> {
    const lines = list.map(({ prefix, kind, argument }) => `${prefix} ${kind} ${argument ?? 0}\n`);
    await this.ok('cat >/tmp/http.faults', { input: lines.join('') });
  }

  /** Requests so far, one line each: client, path, host, fault. */
  async requests(): Promise<string[]> {
    return (await this.exec('cat /tmp/http.log')).stdout.split('\n').filter(Boolean);
  }
}
