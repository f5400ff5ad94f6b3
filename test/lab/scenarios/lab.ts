/** Raises the lab as a setting wants it. */
import { bgpLiveness, startBgp } from '../bgp.ts';
import { startBox } from '../box.ts';
import { changeConfiguration, configureProviders } from '../configuration.ts';
import { configureTunnels, raiseExitRouters } from '../exit-routers/raise.ts';
import { bfdLiveness, startBfd } from '../frr.ts';
import { up } from '../lab.ts';
import { SITES } from '../topology.ts';
import type { Setting } from './scenario.ts';

/** Seconds of REAP's Send Timeout where a scenario waits for it. */
export const SEND_TIMEOUT = 3;

/** An uplink is used again a second after it is well, and is not damped by scenarios that follow each other. */
const HYSTERESIS = { 'up-after': 1, damping: { suppress: 100_000 } };
/** Seconds that it must be up before contexts go back to it. */
const REVERT = 1;
const QUICK = { hysteresis: HYSTERESIS, revert: REVERT };

export async function raiseFor(setting: Setting, progress: (line: string) => void = () => {}): Promise<void> {
  const [site1, site2] = SITES;
  await up({ owned: true, boxes: false, progress });
  if (setting === 'watched') {
    progress('FRR: BFD and BGP between site 1 and its providers, BGP in the core');
    await startBfd(site1);
    await startBgp([site1]);
  }
  configureProviders(site1, (provider) => ({
    ...QUICK,
    ...(setting === 'watched' && { liveness: { ...bfdLiveness(site1), ...bgpLiveness(provider) } }),
  }));
  if (setting === 'tunnels') {
    progress('exit routers between site 1 and its providers');
    await raiseExitRouters();
    configureTunnels();
  }
  configureProviders(site2, () => QUICK);
  for (const site of SITES) {
    changeConfiguration(site, (configuration) => {
      if (setting === 'watched') configuration['reap'] = { 'send-timeout': SEND_TIMEOUT };
    });
  }
  progress('the boxes p1 and p2');
  await Promise.all(SITES.map((site) => startBox(site)));
}
