/** The least a configuration must say. */
export const minimalConfig = `
site: { name: s, prefixes: [fc00:db8:1::/48], key: /k }
inside: [{ interface: lan, address: fc00:db8:1::1 }]
providers: [{ name: x, interface: x1, prefix: 2001:db8:11::/48, gateway: 2001:db8:11::1 }]
`;
