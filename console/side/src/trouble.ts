import { Problem } from '@lib/api/problem'
import type { BridgeFault } from './bridge/bridge'

/** Why WeCom's client does not tell whom the chat is with, in the words of the texts `cause.*`. */
export const causes = ['domain', 'range', 'contact', 'client', 'clock', 'app', 'url', 'network'] as const
export type Cause = (typeof causes)[number]

export interface Trouble {
  /** Most likely first; all of them are listed. */
  causes: Cause[]
  step: string
  code: number
  message: string
  request_id: string
  skew_s: number
}

const oldest_client = [3, 0, 24] // getContext (page 98419)
const most_skew_ms = 5 * 60_000

const by_code: Record<number, Cause> = {
  80001: 'domain',
  85005: 'domain',
  50001: 'domain',
  50002: 'range',
  60011: 'range',
  60021: 'range',
  48002: 'contact',
  84074: 'contact',
  40093: 'url',
  42012: 'url',
  40013: 'app',
  40056: 'app',
  301002: 'app',
  40001: 'app',
  50003: 'app',
  60020: 'network',
}

// What the client's messages say where it gives no code (pages 96918, 90313).
const by_words: [RegExp, Cause][] = [
  [/reliable domain|url domain|untrusted domain/i, 'domain'],
  [/invalid signature/i, 'url'],
  [/not in allow list|visible range|not allowed/i, 'range'],
  [/no ?permission|permission denied|access denied/i, 'contact'],
  [/function.?not.?exist|not support|not implement|unknown api/i, 'client'],
  [/invalid (corpid|agentid|appid)/i, 'app'],
  [/no answer/i, 'client'],
]

export function too_old(client: string): boolean {
  const parts = client.split('.').map(Number)
  for (let i = 0; i < oldest_client.length; i += 1) {
    const part = parts[i] || 0
    const least = oldest_client[i] as number
    if (part !== least) return part < least
  }
  return false
}

function first_guess(message: string, code: number, client: string): Cause | undefined {
  if (client && too_old(client)) return 'client'
  return by_code[code] ?? by_words.find(([words]) => words.test(message))?.[1]
}

export function trouble_of(error: BridgeFault | Problem, client: string, skew_ms: number): Trouble {
  const of_server = error instanceof Problem
  const message = of_server ? error.detail || error.code : error.message
  // The gateway's sentence names WeCom's code: "ticket/get: errcode 60020 ...".
  const code = of_server ? Number(/errcode (\d+)/.exec(message)?.[1] ?? 0) : error.code
  const guesses: Cause[] = []
  if (Math.abs(skew_ms) > most_skew_ms) guesses.push('clock')
  if (of_server && error.code === 'foreign_url') guesses.push('url')
  if (of_server && (error.code === 'app_missing' || error.code === 'corp_missing')) guesses.push('app')
  const guess = first_guess(message, code, client)
  if (guess) guesses.push(guess)
  if (of_server && guesses.length === 0) guesses.push('network')
  return {
    causes: [...new Set([...guesses, ...causes])],
    step: of_server ? error.where : error.step,
    code,
    message,
    request_id: of_server ? error.request_id : '',
    skew_s: Math.round(skew_ms / 1000),
  }
}

/** What 复制诊断 copies: no name, no id of a person, no ticket. */
export function diagnosis(trouble: Trouble, client: string, url: string, at: string): string {
  return [
    `LeadBridge side ${at}`,
    `step: ${trouble.step}`,
    `code: ${trouble.code}`,
    `message: ${trouble.message}`,
    `likely: ${trouble.causes[0] ?? ''}`,
    `client: ${client || '-'}`,
    `url: ${url}`,
    `clock: ${trouble.skew_s} s`,
    `request: ${trouble.request_id || '-'}`,
    `browser: ${navigator.userAgent}`,
  ].join('\n')
}
