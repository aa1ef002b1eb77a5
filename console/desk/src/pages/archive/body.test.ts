import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Schema } from '@lib/api/client'
import { body_of, link_of, loose_files, type Body } from './body'
import en from './en.json'
import { lines_of } from './markdown'
import zh from './zh.json'

type Message = Schema<'Message'>
interface Sample {
  type: string
  summary: string
  media: string[]
  content: Message['content']
}
/** One message of each type, with the content that the server's own test says it answers. */
const samples: Sample[] = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../../tests/data/archive_messages.json'), 'utf8')).messages

const media = (kind: string, at: number): Schema<'Media'> => ({ id: String(at), kind, filename: '', size: 10, state: 'stored', received: 10, reason: '' })
const message = ({ type, content, summary = 'sum', media: kinds = [] }: Partial<Sample>) => ({ type: type ?? 'text', content: content ?? {}, summary, media: kinds.map(media) })
const shown = (type: string, content: Message['content'], kinds: string[] = []): Body => body_of(message({ type, content, media: kinds }))
const of_type = (type: string): Body[] => samples.filter((one) => one.type === type).map((one) => body_of(message(one)))

describe('the body of a message', () => {
  it.each([
    ['text', 'words'],
    ['markdown', 'markdown'],
    ['image', 'files'],
    ['emotion', 'files'],
    ['voice', 'files'],
    ['video', 'files'],
    ['file', 'files'],
    ['voip_doc_share', 'files'],
    ['mixed', 'parts'],
    ['chatrecord', 'parts'],
    ['笔记', 'unknown'],
    ...['link', 'news', 'docmsg', 'location', 'card', 'weapp', 'todo', 'vote', 'collect', 'redpacket', 'external_redpacket', 'meeting', 'meeting_notification', 'calendar', 'meeting_voice_call', 'voiptext', 'sphfeed', 'qydiskfile', 'agree', 'disagree', 'revoke', 'switch'].map((type) => [type, 'card']),
  ])('%s is shown as %s', (type, as) => {
    const bodies = of_type(type)
    expect(bodies.length).toBeGreaterThan(0)
    for (const body of bodies) expect(body.as).toBe(as)
  })

  it('is known for each sample, with words in both languages for all it names', () => {
    const types = new Set(samples.map((one) => one.type))
    expect(types.size).toBeGreaterThanOrEqual(33)
    for (const texts of [zh, en]) {
      for (const type of types) if (type !== '笔记') expect(texts.types).toHaveProperty(type)
      for (const sample of samples) {
        const body = body_of(message(sample))
        if (body.as !== 'card') continue
        if (body.state) expect(texts.said).toHaveProperty(body.state)
        for (const fact of body.facts) expect(texts.fact).toHaveProperty(fact.label)
      }
      for (const status of [1, 2, 3, 4, 5, 6, 7]) expect(texts.said).toHaveProperty((shown('meeting', { type: 102, status }) as { state: string }).state)
    }
  })

  it('says the words as they were written', () => {
    expect(shown('text', { content: '  a\n<b>b</b> ' })).toEqual({ as: 'words', text: '  a\n<b>b</b> ' })
    expect(shown('markdown', { content: '**a**' })).toEqual({ as: 'markdown', text: '**a**' })
  })

  it('says what stands in a card', () => {
    expect(of_type('vote')).toMatchObject([
      { state: 'vote_started', title: '团建去哪', list: ['山', '海'] },
      { state: 'vote_joined', list: ['山'] },
    ])
    expect(of_type('meeting')[0]).toMatchObject({
      state: 'meeting_invited',
      title: '产品演示',
      lines: ['请准时'],
      facts: [{ label: 'starts', as: 'time' }, { label: 'ends', as: 'time' }, { label: 'place', value: '线上' }, { label: 'meeting_id', value: '9007199254740993' }],
    })
    expect(of_type('redpacket')[0]).toMatchObject({ state: 'packet_normal', title: '恭喜发财', facts: [{ label: 'count', value: '2' }, { label: 'total', value: '2000', as: 'fen' }] })
    expect(of_type('location')[0]).toMatchObject({ title: '样例大厦', lines: ['样例路1号'], facts: [{ value: '39.908, 116.397' }] })
    expect(of_type('calendar')[0]).toMatchObject({ facts: [{}, {}, {}, { label: 'creator', as: 'person' }, { label: 'attendee', value: 'li.si' }, { label: 'attendee', value: 'wang.wu' }] })
    expect(of_type('voiptext')[0]).toMatchObject({ state: 'call_video', facts: [{ value: '10', as: 'seconds' }] })
    expect(of_type('news').map((body) => (body as { links: unknown[] }).links)).toMatchObject([[{ title: '新品', host: 'example.com' }], [{ title: '旧式新品' }]])
    expect(of_type('meeting_voice_call')[0]).toMatchObject({ list: ['演示.pptx'], facts: [{ label: 'ends' }, { label: 'screen_shares', value: '1' }] })
  })

  it('keeps the length of what is heard', () => {
    expect(of_type('voice')).toEqual([{ as: 'files', seconds: 12 }])
    expect(of_type('video')).toEqual([{ as: 'files', seconds: 65 }])
  })

  it('shows the parts in their order, each file in its place', () => {
    const sample = samples.find((one) => one.type === 'mixed') as Sample
    const body = body_of(message(sample))
    expect(body).toMatchObject({ folded: false, parts: [{ kind: 'text', text: '看这个', media: null }, { kind: 'image', media: 0 }] })
    expect(loose_files(message(sample), body)).toEqual([])
    expect(loose_files({ media: [media('image', 0), media('file', 1)] }, body)).toMatchObject([{ kind: 'file' }])
  })

  it('puts a record in a record below its item', () => {
    const body = of_type('chatrecord')[0]
    expect(body).toMatchObject({ as: 'parts', title: '群聊的聊天记录', folded: true })
    const parts = (body as Extract<Body, { as: 'parts' }>).parts
    expect(parts.map((one) => [one.kind, one.text, one.from_group, one.parts.length])).toEqual([
      ['text', '第一句', true, 0],
      ['image', '', true, 0],
      ['mixed', '', false, 1],
      ['text', '不是 JSON', false, 0],
    ])
    expect(parts[2]?.parts[0]).toMatchObject({ kind: 'text', text: '里层' })
    expect(shown('chatrecord', { parts: [{ type: 'a', depth: 3 }, { type: 'b', depth: 9 }, { type: 'c', depth: -1 }] })).toMatchObject({ parts: [{ kind: 'a', parts: [{ kind: 'b' }] }, { kind: 'c' }] })
  })

  it('shows the fields of what is not known, also of a known type that came in another shape', () => {
    expect(of_type('笔记')).toEqual([{ as: 'unknown', fields: '{\n  "note": {\n    "anything": [\n      1,\n      2,\n      3\n    ]\n  }\n}' }])
    expect(shown('text', { fields: { text: 7 } })).toEqual({ as: 'unknown', fields: '{\n  "text": 7\n}' })
    expect(shown('new', { fields: null })).toEqual({ as: 'unknown', fields: '' })
  })

  const odd: unknown[] = [null, undefined, 7, 'x', [], [1], { content: 7, parts: 'x', items: [null, 7, { url: 7 }], title: {}, facts: [], total: 'x', attendees: 'x', questions: [{}], type: {}, status: 'x', starts_at: 7, shown_files: [null] }]
  it.each(samples.map((one) => one.type))('%s bears content of any shape', (type) => {
    for (const content of odd) {
      const body = body_of({ ...message({ type }), content: content as Message['content'] })
      expect(['words', 'card', 'parts', 'files', 'unknown']).toContain(body.as)
      if (body.as === 'words') expect(body.text).toBe('sum')
    }
  })
  it('says the summary where nothing is left', () => {
    for (const type of ['text', 'link', 'card', 'mixed', 'image', 'toString', '__proto__']) expect(shown(type, {})).toEqual({ as: 'words', text: 'sum' })
  })
})

describe('a link', () => {
  it('leads to the web or nowhere, and says where', () => {
    expect(link_of({ url: 'https://a.example:8443/x?y', title: 't', description: 'd' })).toEqual({ title: 't', text: 'd', url: 'https://a.example:8443/x?y', host: 'a.example:8443' })
    expect(link_of({ url: 'http://a.example' })).toMatchObject({ title: 'a.example' })
    for (const url of ['javascript:alert(1)', ' javascript:alert(1)', 'data:text/html,x', 'weixin://x', '//a.example', '', 7, null]) expect(link_of({ url })).toBeNull()
    expect(shown('link', { title: 't', description: 'd', url: 'javascript:1' })).toMatchObject({ as: 'card', title: 't', lines: ['d'], links: [] })
  })
})

describe('markdown', () => {
  it('has heads, quotes, items, bold words, code and links to the web', () => {
    expect(lines_of('# 标题\n您有 **3 条** `x` [看](https://a.example/p)。\n> 引用 <font color="info">绿</font>\n- 一')).toEqual([
      { as: 'head', spans: [{ as: 'text', text: '标题' }] },
      {
        as: 'text',
        spans: [
          { as: 'text', text: '您有 ' },
          { as: 'bold', text: '3 条' },
          { as: 'text', text: ' ' },
          { as: 'code', text: 'x' },
          { as: 'text', text: ' ' },
          { as: 'link', text: '看', url: 'https://a.example/p' },
          { as: 'text', text: '。' },
        ],
      },
      { as: 'quote', spans: [{ as: 'text', text: '引用 绿' }] },
      { as: 'item', spans: [{ as: 'text', text: '一' }] },
    ])
  })
  it('leaves what is none as it was written', () => {
    for (const text of ['[x](javascript:alert(1))', '<img src=x onerror=1>', '** a', '#标签', '']) expect(lines_of(text).flatMap((line) => line.spans).map((one) => `${one.as} ${one.text}`).join()).toBe(text ? `text ${text}` : '')
  })
  it('takes long marks that never end in their stride', () => {
    const began = performance.now()
    for (const mark of ['[', '**a', '`', '[a](https://', '![[']) lines_of(mark.repeat(10_000 / mark.length))
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(lines_of('**a** '.repeat(2_000))).toHaveLength(1)
  })
})
