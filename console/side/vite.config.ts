import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { compressed } from '../scripts/compressed.ts'
import { trimmed } from '../scripts/only_reached.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const out = here('../../build/console/side')
const daemon = process.env.LEADBRIDGE ?? 'http://127.0.0.1:8080'

// One file of script and one of style: WeCom's webview is torn down at every change of chat, so what counts is the number of requests.
export default defineConfig({
  root: here('.'),
  base: '/side/',
  plugins: [vue(), trimmed(/@wecom[\\/]jssdk/, ['register', 'getContext', 'getCurExternalContact', 'getCurExternalChat']), compressed(out)],
  // The SDK's readable file: its names tell only_reached what belongs to what.
  resolve: { alias: { '@lib': here('../lib'), '@wecom/jssdk': here('../node_modules/@wecom/jssdk/dist/wecom.js') } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: ['chrome69', 'safari12'], // held by scripts/old_webviews.mjs
    cssTarget: ['chrome69', 'safari12'],
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: false } },
  },
  server: { port: 5174, host: '127.0.0.1', proxy: { '/api': { target: daemon } } },
})
