import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@lib': here('lib'), '@': here('desk/src') } },
  test: { environment: 'happy-dom', include: ['lib/**/*.test.ts', 'desk/**/*.test.ts', 'side/**/*.test.ts'] },
})
