// How the panel is built: split by route, nothing from elsewhere, each file also as brotli and gzip beside it, so that the
// server has nothing to compress.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const compressible = /\.(?:js|css|html|svg|json)$/

function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir }) {
      for (const entry of readdirSync(dir!, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !compressible.test(entry.name)) continue
        const file = join(entry.parentPath, entry.name)
        const octets = readFileSync(file)
        writeFileSync(`${file}.br`, brotliCompressSync(octets))
        writeFileSync(`${file}.gz`, gzipSync(octets, { level: 9 }))
      }
    },
  }
}

// For work on the panel itself: `npx vite web` beside a service on its usual port, or on the one of GATEHOUSE_URL.
const proxy = { '/api': { target: process.env.GATEHOUSE_URL ?? 'http://127.0.0.1:8080', changeOrigin: false } }

// oxlint-disable-next-line import/no-default-export -- vite reads the default export
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressed()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // The panel of operators, and the portal of subscribers.
    rolldownOptions: {
      input: ['index.html', 'portal.html'].map((page) => join(import.meta.dirname, page)),
      // All that is needed at first in one file each, with what it imports: a question a file, and many small ones compress badly.
      output: {
        codeSplitting: {
          groups: [
            { name: 'portal', test: /src\/portal\/portal-app\.tsx$/, priority: 1 },
            { name: 'panel', test: /src\/(?:app|subscribers\/subscribers-page)\.tsx$/ },
          ],
        },
      },
    },
  },
  server: { proxy },
  preview: { proxy },
})
