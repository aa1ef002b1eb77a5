import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** A line per case with its time, what failed in full, and last `N passed, N failed` for deploy/check. */
export default class Lines implements Reporter {
  private passed = 0
  private failed = 0
  private readonly broken: string[] = []

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result()
    if (state === 'skipped' || state === 'pending') return
    const name = `${test.module.moduleId.replace(/.*\/|\.spec\.ts$/g, '')} › ${test.fullName}`
    const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1)
    console.log(`${state === 'passed' ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
    if (state === 'passed') {
      this.passed += 1
      return
    }
    this.failed += 1
    this.broken.push(name)
    for (const error of errors ?? []) {
      const at = error.stacks?.[0]
      console.log(`       ${(error.diff ? `${error.message}\n${error.diff}` : error.message).replace(/\n/g, '\n       ')}${at ? `\n       at ${at.file}:${at.line}` : ''}`)
    }
  }

  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors()) this.broke(module.moduleId, error.message)
    for (const suite of module.children.allSuites()) for (const error of suite.errors()) this.broke(suite.fullName, error.message)
  }

  private broke(where: string, what: string): void {
    this.failed += 1
    this.broken.push(where)
    console.log(`FAILED ${where}\n       ${what}`)
  }

  onTestRunEnd(_modules: unknown, errors: readonly { message?: string }[]): void {
    for (const error of errors) this.broke('outside of a case', error.message ?? String(error))
    for (const name of this.broken) console.log(`failed: ${name}`)
    console.log(`${this.passed} passed, ${this.failed} failed`)
  }
}
