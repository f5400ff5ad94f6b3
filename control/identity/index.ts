/** Identities: CGAs, the site's key, and who may claim which locators. */
export * from './cga.ts';
export * from './identity-provider.ts';
export * from './signature.ts';
export * from './site-identity.ts';
