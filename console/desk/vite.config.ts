import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'
import { compressed } from '../scripts/compressed.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const out = here('../../build/console/desk')

/** Adds the stylesheet of every Element Plus component that a file of ours imports by name. */
function element_styles(): Plugin {
  const folders = new Set(readdirSync(here('../node_modules/element-plus/es/components')))
  const kebab = (name: string) => name.replace(/^El/, '').replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()
  return {
    name: 'element-styles',
    transform(code, id) {
      if (id.includes('node_modules') || !code.includes("'element-plus'")) return null
      const wanted = new Set<string>()
      for (const found of code.matchAll(/import\s*\{([^}]*)\}\s*from\s*'element-plus'/g)) {
        for (const part of (found[1] ?? '').split(',')) {
          const folder = kebab(part.trim().split(/\s+as\s+/)[0] ?? '')
          if (part.trim().startsWith('El') && folders.has(folder)) wanted.add(folder)
        }
      }
      if (wanted.size === 0) return null
      const imports = [...wanted].map((folder) => `import 'element-plus/es/components/${folder}/style/css'`).join('\n')
      return { code: `${code}\n${imports}\n`, map: null }
    },
  }
}

const daemon = process.env.LEADBRIDGE ?? 'http://127.0.0.1:8080'
const token = process.env.LEADBRIDGE_TOKEN

// With LEADBRIDGE_TOKEN the proxy signs every call: pages can be built before, or without, signing in.
const proxy = {
  '/api': { target: daemon, ws: true, changeOrigin: true, headers: token ? { Authorization: `Bearer ${token}` } : {} },
  '/q': { target: daemon },
  '/r': { target: daemon },
  '/metrics': { target: daemon },
}

export default defineConfig({
  root: here('.'),
  base: '/console/',
  plugins: [vue(), element_styles(), compressed(out)],
  resolve: { alias: { '@lib': here('../lib'), '@': here('src') } },
  define: {
    __VUE_OPTIONS_API__: 'true', // Element Plus has components written so
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
    __INTLIFY_JIT_COMPILATION__: 'true',
  },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'chrome87',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'core',
              test: /preload-helper|node_modules[\\/](@vue[\\/](?!test)|vue[\\/]|vue-router|vue-i18n|@intlify|@tanstack[\\/](?!.*virtual)|pinia|openapi-fetch|tinykeys)/,
              priority: 20,
            },
            { name: 'ui', test: /[\\/](desk[\\/]src[\\/]ui|lib)[\\/](?!.*en\.json|.*conditions)/, priority: 10 },
          ],
        },
      },
    },
  },
  server: { port: 5173, host: '127.0.0.1', proxy },
  preview: { port: 4173, host: '127.0.0.1', proxy },
})
