/** Identities: CGAs, HBAs, the site's key, and who may claim which locators. */
export * from './cga.ts';
export * from './hba.ts';
export * from './identity-provider.ts';
export * from './key-type.ts';
export * from './signature.ts';
export * from './signing-key.ts';
export * from './site-identity.ts';
