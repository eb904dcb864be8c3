import type { Bench } from './check.ts';
import type { CommandResult } from './command.ts';
import { eventually } from './eventually.ts';

/** udhcpc's script: takes what it is given, and notes it. */
const SCRIPT = `#!/bin/sh
case $1 in bound | renew) ;; *) exit 0 ;; esac
ip addr replace "$ip/$mask" dev "$interface"
ip route replace default via "$router"
echo "$ip/$mask $router $dns" >/tmp/$interface.lease
`;

export interface StationLease {
  readonly address: string;
  readonly router: string;
  readonly dns: string;
}

/** A Wi-Fi client with a radio and a network namespace of its own, on the far side. */
export class Station {
  readonly name: string;
  private readonly bench: Bench;
  private place = '';

  private constructor(bench: Bench, name: string) {
    this.bench = bench;
    this.name = name;
  }

  static async start(bench: Bench, name: string): Promise<Station> {
    const { agent, air } = bench;
    const station = new Station(bench, name);
    await agent.radio('add', name);
    const made = await air.ok(
      `unshare -n sleep 100000 </dev/null >/dev/null 2>&1 &
      until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
      cat /sys/class/ieee80211/${name}/index; iw phy ${name} set netns $! && echo $!`,
    );
    const [radio = '', place = ''] = made.stdout.trim().split('\n');
    station.place = place;
    await air.ok(`cat >/tmp/${name}.script; chmod 755 /tmp/${name}.script`, { input: SCRIPT });
    // iw looks names up in /sys, which shows the radios of another namespace.
    await station.ok(`ip link set lo up; iw phy#${radio} interface add ${name} type managed`);
    return station;
  }

  /** Runs a shell command there. */
  sh(command: string): Promise<CommandResult> {
    const quoted = command.replaceAll("'", "'\\''");
    return this.bench.air.exec(`nsenter -t ${this.place} -n /bin/sh -c '${quoted}'`);
  }

  async ok(command: string): Promise<CommandResult> {
    const result = await this.sh(command);
    if (result.code !== 0)
      throw new Error(`${this.name}: ${command}: ${result.code}: ${result.stdout}${result.stderr}`);
    return result;
  }

  /** Tries a network with these lines of its block, and with no other, until `leave`. */
  async join(lines: readonly string[]): Promise<void> {
    const text = ['ctrl_interface=/tmp/wpa', 'network={', ...lines, '}', ''].join('\n');
    await this.bench.air.ok(`cat >/tmp/${this.name}.conf`, { input: text });
    const files = `-c /tmp/${this.name}.conf -P /tmp/${this.name}.pid -f /tmp/${this.name}.log`;
    await this.ok(`rm -f /tmp/${this.name}.log; wpa_supplicant -B -D nl80211 -i ${this.name} ${files}`);
  }

  status(): Promise<string> {
    return this.ok(`wpa_cli -p /tmp/wpa -i ${this.name} status`).then(({ stdout }) => stdout);
  }

  log(): Promise<string> {
    return this.ok(`cat /tmp/${this.name}.log`).then(({ stdout }) => stdout);
  }

  async joined(): Promise<void> {
    await eventually(`${this.name} is in the network`, 60, async () =>
      /^wpa_state=COMPLETED$/m.test(await this.status()),
    );
  }

  async lease(hostname: string): Promise<StationLease> {
    const { name } = this;
    await this.ok(`udhcpc -i ${name} -s /tmp/${name}.script -x hostname:${hostname} -q -n -t 10 -T 2`);
    const [address = '', router = '', dns = ''] = (await this.ok(`cat /tmp/${name}.lease`)).stdout
      .trim()
      .split(' ');
    return { address: address.split('/')[0] ?? '', router, dns };
  }

  async leave(): Promise<void> {
    const { name } = this;
    await this.ok(`wpa_cli -p /tmp/wpa -i ${name} terminate; ip addr flush dev ${name}`);
  }
}
