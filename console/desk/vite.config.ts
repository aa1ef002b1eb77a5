import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { compressed } from '../scripts/compressed.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const out = here('../../build/console/desk')

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
  plugins: [vue(), compressed(out)],
  resolve: { alias: { '@lib': here('../lib'), '@': here('src') } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'true',
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
          // A first load is few files: the libraries, the shell with what nearly every page shares, the page, its texts.
          groups: [
            {
              name: 'core',
              test: /preload-helper|node_modules[\\/](@vue[\\/](?!test)|vue[\\/]|vue-router|vue-i18n|@intlify|@vueuse|@tanstack[\\/](?!.*virtual)|pinia|openapi-fetch|tinykeys)/,
              priority: 20,
            },
            {
              name: 'shell',
              test: /console[\\/](desk[\\/]src[\\/](ui[\\/](?!Phone|Pick|Popover)|main\.ts|grid[\\/](options|view_state)\.ts|pages[\\/](\w+[\\/]page\.ts|home[\\/].*type=style|contacts[\\/]EventLine|leads[\\/]event_texts)|app[\\/](?!Palette\.|HelpDrawer|Key|SignIn|Login|First|Refused|Nowhere))|lib[\\/](?!.*en\.json))/,
              priority: 10,
            },
          ],
        },
      },
    },
  },
  server: { port: 5173, host: '127.0.0.1', proxy },
  preview: { port: 4173, host: '127.0.0.1', proxy },
})
