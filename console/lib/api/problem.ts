/** One refusal of the server (RFC 9457), or of the network: then status is 0 and code `offline`. Texts are keyed by code. */
export interface ProblemBody {
  title?: string
  status: number
  code: string
  detail?: string
  errors?: { field: string; code: string }[]
  request_id?: string
}

export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors: { field: string; code: string }[]
  readonly request_id: string
  /** Seconds the server asks us to wait, 0 when it names none. */
  readonly retry_after: number
  /** METHOD path, for the diagnosis people copy. */
  readonly where: string
  readonly at = new Date()
  /** The whole answer: some problems carry more, like a matched_count. */
  readonly body: Record<string, unknown>

  constructor(body: ProblemBody, where = '', retry_after = 0) {
    super(body.detail || body.title || body.code)
    this.name = 'Problem'
    this.status = body.status
    this.code = body.code
    this.detail = body.detail ?? ''
    this.errors = body.errors ?? []
    this.request_id = body.request_id ?? ''
    this.retry_after = retry_after
    this.where = where
    this.body = body as unknown as Record<string, unknown>
  }

  get offline(): boolean {
    return this.status === 0
  }

  /** The code of one field's fault, or '' when it has none. */
  field(name: string): string {
    return this.errors.find((error) => error.field === name)?.code ?? ''
  }
}

export function as_problem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const text = error instanceof Error ? error.message : String(error)
  return new Problem({ status: 0, code: 'client_error', detail: text })
}

export async function problem_of(response: Response, where: string): Promise<Problem> {
  const retry_after = Number(response.headers.get('Retry-After')) || 0
  const fallback = { status: response.status, code: `http_${response.status}`, request_id: response.headers.get('X-Request-Id') ?? '' }
  try {
    const body: unknown = await response.json()
    if (body && typeof body === 'object' && 'code' in body) {
      return new Problem({ ...fallback, ...(body as ProblemBody) }, where, retry_after)
    }
  } catch {
    // not JSON: a proxy in between answered
  }
  return new Problem(fallback, where, retry_after)
}
