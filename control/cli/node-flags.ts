/**
 * What Node is told that runs the daemon: `control/cli/pshim6` and package.json say the same. New objects get 4 MiB
 * before they are collected, not V8's 16: most of what a handshake or a lease makes stays, and copying that of 16 MiB at
 * once holds the event loop up; with less, too much of what is under way is copied. And all are made among the new: where
 * many have stayed V8 would go on to make them among the old, each of which, dead or not, keeps all that it refers to
 * until the next full collection. Queries that are over within a millisecond were then collected fully, twice a second.
 * The little that is copied of 4 MiB one thread copies: others to help it are woken for longer than they help.
 */
export const NODE_FLAGS: readonly string[] = [
  '--max-semi-space-size=4',
  '--no-allocation-site-pretenuring',
  '--no-parallel-scavenge',
];
