import { join } from 'node:path';
import { build } from 'vite';
import { root } from '../root.ts';

// Makes one script of a browser's source: `node scripts/pages/build-script.ts <entry> <folder>`.
const [entry, folder] = process.argv.slice(2);
if (entry === undefined || folder === undefined)
  throw new Error('An entry and a folder are needed.');
await build({
  configFile: false,
  logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    outDir: folder,
    emptyOutDir: false,
    lib: { entry: join(root, entry), formats: ['iife'], name: 'page', fileName: () => 'page.js' },
  },
});
