/** A provider of the lab that forwards nothing any more, and REAP between two real boxes. */
import { measureBlackhole, startReapingBoxes } from '../../lab/blackhole.ts';
import { down, up } from '../../lab/lab.ts';

export interface LabRow {
  readonly sendTimeout: number;
  /** Milliseconds without a datagram, to and from the host. */
  readonly inbound: number;
  readonly outbound: number;
}

const SEND_TIMEOUT = 3;

/** Throws LabError. Removes the lab. */
export async function measureLab(): Promise<LabRow> {
  await up({ owned: true, boxes: false });
  try {
    const provider = await startReapingBoxes(SEND_TIMEOUT);
    return { sendTimeout: SEND_TIMEOUT, ...(await measureBlackhole(provider, 'both')) };
  } finally {
    await down();
  }
}
