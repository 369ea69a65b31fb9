export declare const TOOLCHAIN: { readonly name: string; readonly version: string };
export declare const FLAGS: Readonly<Record<'compile' | 'link' | 'libraries', readonly string[]>>;
export declare function readSources(root?: string): (readonly [path: string, bytes: Uint8Array])[];
export declare function sourcesDigest(files: readonly (readonly [path: string, bytes: Uint8Array])[]): string;
