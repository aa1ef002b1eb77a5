import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from './en.json'
import zh from './zh.json'

/** The stable words of crm/contacts/timeline.h: all between "stable words:" and the next sentence. */
function kinds(): string[] {
  const header = readFileSync(join(import.meta.dirname, '../../../../../crm/contacts/timeline.h'), 'utf8')
  const list = /stable words:\n((?:\/\/ {3}.*\n)+)/.exec(header)?.[1] ?? ''
  return list.replace(/\/\//g, ' ').trim().split(/\s+/)
}

describe('the timeline', () => {
  it('has words for each kind of event, in both languages', () => {
    expect(kinds().length).toBeGreaterThan(20)
    expect(kinds().filter((kind) => !(kind in zh.event))).toEqual([])
    expect(kinds().filter((kind) => !(kind in en.event))).toEqual([])
  })
})
