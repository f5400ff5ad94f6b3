/**
 * What Node is told that runs the daemon: `control/cli/pshim6` and package.json say the same. New objects get 2 MiB
 * before they are collected, not V8's 16: most of what a handshake makes stays, and copying that of 16 MiB at once
 * holds the event loop up for ten milliseconds and more, ever again.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=2'];
