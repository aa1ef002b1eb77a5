import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@lib': here('lib'), '@': here('desk/src') } },
  test: {
    environment: 'happy-dom',
    include: ['lib/**/*.test.ts', 'desk/**/*.test.ts', 'side/**/*.test.ts'],
    server: { deps: { inline: ['@wecom/jssdk'] } }, // loaded anew with each client that a test plays
    // Its register() leaves its own promise alone when the client refuses; getContext throws the same to whoever asked.
    onUnhandledError: (error) => ((error as { errMsg?: string }).errMsg?.startsWith('agentConfig:') ? false : undefined),
  },
})
