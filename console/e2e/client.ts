/** The API by hand: what a spec sets up or counts beside the page. Signed in like a browser, by cookie and CSRF token. */

export interface Answer<T = Record<string, any>> {
  status: number
  body: T
  headers: Headers
}

export class Refused extends Error {}

export class Client {
  private cookie = ''
  private csrf = ''

  constructor(readonly origin: string) {}

  async raw(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const ask = () => fetch(this.origin + path, {
      method,
      redirect: 'manual',
      headers: {
        Accept: 'application/json',
        Origin: this.origin,
        ...(this.cookie && { Cookie: this.cookie }),
        ...(this.csrf && { 'X-CSRF-Token': this.csrf }),
        ...(typeof body === 'object' && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    // A connection that was kept may just have been closed by the server.
    const answer = await ask().catch(ask)
    for (const one of answer.headers.getSetCookie()) this.cookie = one.split(';')[0] ?? ''
    const text = await answer.text()
    return { status: answer.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : { text }, headers: answer.headers }
  }

  private async call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any> {
    const answer = await this.raw(method, `/api/v1/${path}`, body, headers)
    if (answer.status >= 400) throw new Refused(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  get = (path: string) => this.call('GET', path)
  post = (path: string, body: unknown = {}) => this.call('POST', path, body)
  put = (path: string, body: unknown) => this.call('PUT', path, body)

  /** PATCH, PUT or DELETE against the version that stands there now. */
  async change(method: string, path: string, body?: unknown, at = path): Promise<any> {
    const version = (await this.raw('GET', `/api/v1/${at}`)).headers.get('ETag') ?? ''
    return this.call(method, path, body, version ? { 'If-Match': version } : {})
  }

  async first(code: string, name: string, password: string): Promise<void> {
    await this.post('auth/first', { code, name, password })
    await this.know()
  }

  /** The server checks a few passwords at a time and turns the others away. */
  async sign_in(name: string, password: string): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const answer = await this.raw('POST', '/api/v1/auth/local', { name, password })
      if (answer.status === 200) break
      if (answer.status !== 429 || tries > 20) throw new Refused(`${name} cannot sign in: ${answer.status} ${JSON.stringify(answer.body)}`)
      await new Promise((done) => setTimeout(done, 500))
    }
    await this.know()
  }

  private async know(): Promise<void> {
    this.csrf = (await this.get('me')).csrf_token
  }

  /** For a browser that shall be signed in as this one is. */
  cookies(): { name: string; value: string; url: string }[] {
    const at = this.cookie.indexOf('=')
    return [{ name: this.cookie.slice(0, at), value: this.cookie.slice(at + 1), url: this.origin }]
  }
}
