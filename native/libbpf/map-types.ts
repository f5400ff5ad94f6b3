/** enum bpf_map_type of linux/bpf.h, in order. */
const MAP_TYPES = [
  'unspecified',
  'hash',
  'array',
  'prog_array',
  'perf_event_array',
  'percpu_hash',
  'percpu_array',
  'stack_trace',
  'cgroup_array',
  'lru_hash',
  'lru_percpu_hash',
  'lpm_trie',
  'array_of_maps',
  'hash_of_maps',
  'devmap',
  'sockmap',
  'cpumap',
  'xskmap',
  'sockhash',
  'cgroup_storage',
  'reuseport_sockarray',
  'percpu_cgroup_storage',
  'queue',
  'stack',
  'sk_storage',
  'devmap_hash',
  'struct_ops',
  'ringbuf',
  'inode_storage',
  'task_storage',
  'bloom_filter',
] as const;

/** The kernel's name of a map type; types newer than this list are 'unspecified'. */
export type MapType = (typeof MAP_TYPES)[number];

export const mapType = (number: number): MapType => MAP_TYPES[number] ?? 'unspecified';

export const isPerCpu = (type: MapType): boolean =>
  type === 'percpu_hash' || type === 'percpu_array' || type === 'lru_percpu_hash';
