import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The real program on ports of its own with a data folder of its own; everything is gone after `end`. */

export const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))

/** The first true answer of `check`. */
export async function eventually<T>(what: string, check: () => Promise<T> | T, seconds = 20): Promise<NonNullable<T>> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const answer = await check()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`)
    await pause(100)
  }
}

function free_port(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer()
    probe.on('error', failed)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => done(port))
    })
  })
}

export class Server {
  private process: ChildProcess | null = null
  private readonly folder = mkdtempSync(join(tmpdir(), 'leadbridge-e2e-'))
  private readonly log = join(this.folder, 'log')
  private text = ''
  private port = 0
  private wecom_port = 0
  origin = ''

  /** Starts with the sample company, whose traffic the caller may calm; answers the one-time link of the first admin. */
  async start(): Promise<URL> {
    this.port = await free_port()
    this.wecom_port = await free_port()
    this.origin = `http://127.0.0.1:${this.port}`
    writeFileSync(this.log, '')
    this.run(join(this.folder, 'data'), ['--sandbox', '--sandbox-port', String(this.wecom_port)])
    const link = await eventually('the one-time link', () => (this.alive() ? /http:\S+\/console\/first\?code=\S+/.exec(this.text) : null), 60)
    return new URL(link[0])
  }

  private run(data: string, words: string[]): void {
    const bin = process.env.LEADBRIDGE_BIN ?? '../build/release/bin'
    const ui = process.env.LEADBRIDGE_UI ? ['--ui-dir', resolve(process.env.LEADBRIDGE_UI)] : []
    const env = { ...process.env, LEADBRIDGE_SERVER__LISTEN: `127.0.0.1:${this.port}`, LEADBRIDGE_SERVER__DATA_DIR: data }
    const own = spawn(resolve(bin, 'leadbridge'), ['serve', ...words, ...ui], { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: this.folder })
    for (const stream of [own.stdout, own.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        this.text += bytes.toString()
        appendFileSync(this.log, bytes)
      })
    }
    this.process = own
  }

  private alive(): boolean {
    if (this.process?.exitCode === null && this.process.signalCode === null) return true
    throw new Error(`the program ended:\n${this.text.slice(-4000)}`)
  }

  /** What a sanitizer said, and anything else that is no log line. */
  faults(): string[] {
    return this.text.split('\n').filter((line) => /AddressSanitizer|LeakSanitizer|runtime error:|terminate called/.test(line))
  }

  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  private async stop(signal: NodeJS.Signals): Promise<void> {
    const own = this.process
    this.process = null
    if (!own || own.exitCode !== null || own.signalCode !== null) return
    const ended = new Promise((done) => own.once('exit', done))
    own.kill(signal)
    const late = setTimeout(() => own.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(late)
  }

  /** The same data on the same port, without the sample company: that would begin anew. */
  async again(): Promise<void> {
    this.run(join(this.folder, 'data', 'sandbox'), [])
    await eventually('the port', () => this.alive() && fetch(`${this.origin}/healthz`).then((answer) => answer.ok, () => false), 30)
  }

  async end(): Promise<void> {
    await this.stop('SIGTERM')
    rmSync(this.folder, { recursive: true, force: true })
  }
}
