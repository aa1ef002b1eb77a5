import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The longest first: the main job mostly waits, so that the others run beside it. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const order = (file: TestSpecification) => (file.moduleId.includes('main_job') ? 0 : 1)
    return [...files].sort((a, b) => order(a) - order(b) || a.moduleId.localeCompare(b.moduleId))
  }
}

/** Not in vitest.config.ts beside it: these specs need the built program; see README.md. */
export default defineConfig({
  root: here,
  test: {
    environment: 'node',
    include: ['specs/*.spec.ts'],
    globalSetup: [`${here}/setup.ts`],
    reporters: [`${here}/reporter.ts`],
    maxWorkers: 3, // one of them waits for the push
    sequence: { sequencer: LongestFirst },
    disableConsoleIntercept: true,
    testTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 120_000,
  },
})
