/** libbpf for Node.js: what an XDP control plane needs. See README.md. */
export { ClosedHandleError, SyscallError } from '../linux/errors.ts';
export { BpfError } from './errors.ts';
export { BpfMap, type MapShape, possibleCpus } from './map.ts';
export type { MapType } from './map-types.ts';
export { BpfObject, type MapOptions, type ObjectOptions } from './object.ts';
export { Program, type TestRun, type TestRunResult } from './program.ts';
export { RingBuffer } from './ring-buffer.ts';
export { SharedArray } from './shared-array.ts';
export { XdpLink, type XdpMode } from './xdp-link.ts';
