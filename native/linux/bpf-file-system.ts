/** The file system that BPF objects are pinned in, where every tool looks for it. */
import { statfsSync } from 'node:fs';
import { check, libc } from './libc.ts';

export const BPF_FILE_SYSTEM = '/sys/fs/bpf';

/** BPF_FS_MAGIC of linux/magic.h. */
const MAGIC = 0xcafe4a11;

/** Mounts it unless it is there: systemd does so at boot, other machines may not. Throws SyscallError. */
export function mountBpfFileSystem(): void {
  if (statfsSync(BPF_FILE_SYSTEM).type === MAGIC) return;
  check(`mount(${BPF_FILE_SYSTEM})`, libc.mount('bpf', BPF_FILE_SYSTEM, 'bpf', 0, 'mode=0700'));
}
