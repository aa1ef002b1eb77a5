import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { answers_of, bad_place, effective_places, form_of_map, lead_fields, leaves_of, map_of_form, parse_sample, text_at, unpacked, usable_email, usable_phone, value_at } from './mapping'
import { preset_of, presets } from './presets'

const maps = [
  {},
  { name: '/entry/field_1', phone: ['/entry/field_2', '/entry/field_9'], id: [['/form', '/entry/serial_number']], answers: '/entry', labels: { field_3: '行业' }, questions: { email: ['邮箱'] } },
  { phone: [], state: '', answers: ['/a', '/b'], unpack: ['/data'], omit: ['x'], skip: { pointer: '/op', values: ['del'] }, time_format: 'unix', time_zone: 'Asia/Shanghai' },
  { id: ['header:X-Id', ['header:A', '/b']], labels: { a: ['b', 'c'] } },
]

describe('map of a source', () => {
  it('goes back as it came when nobody touched it', () => {
    for (const map of maps) expect(map_of_form(form_of_map(map), map)).toEqual(map)
  })
  it('changes only what was touched', () => {
    const form = form_of_map(maps[1]!)
    form.rows.name.places = ['/a + /b', '姓名', ' ']
    form.rows.company = { places: [], off: true }
    form.labels = 'field_3 = 行业\nfield_4 = \nfield_5 = 预算 = 高'
    expect(map_of_form(form, maps[1]!)).toEqual({ ...maps[1], name: [['/a', '/b']], questions: { email: ['邮箱'], name: ['姓名'] }, company: [], labels: { field_3: '行业', field_5: '预算 = 高' } })
  })
  it('leaves a cleared field to the preset', () => {
    const form = form_of_map(maps[1]!)
    form.rows.phone = { places: [], off: false }
    form.rows.email = { places: [], off: false }
    const map = map_of_form(form, maps[1]!)
    expect('phone' in map || 'questions' in map).toBe(false)
    expect(effective_places(form_of_map(map), 'phone', 'generic')).toEqual(['/phone', '/mobile', '/data/phone'])
  })
  it('knows the places in order: own or preset, pointers before questions', () => {
    const form = form_of_map({ questions: { phone: ['手机号'] } })
    expect(effective_places(form, 'phone', 'baidu')).toEqual(['/cluePhoneNumber', '手机号'])
    form.rows.phone = { places: [], off: true }
    expect(effective_places(form, 'phone', 'generic')).toEqual([])
  })
  it('takes headers for the id only', () => {
    expect(bad_place('header:X-Id', 'id')).toBe(false)
    expect(bad_place('header:X-Id', 'name')).toBe(true)
  })
})

describe('sample', () => {
  it('is read as the server reads a body', () => {
    expect(parse_sample('\uFEFF {"a":1}')).toEqual({ a: 1 })
    expect(parse_sample('a=1+2&b=%E5%BC%A0&a=3')).toEqual({ a: ['1 2', '3'], b: '张' })
    for (const bad of ['', '{"a":', 'words', 'a=%zz']) expect(parse_sample(bad)).toBeUndefined()
  })
  it('names every value by a pointer that leads back to it', () => {
    const root = { 'a/b': { 'c~d': '1' }, list: ['x', 'y'], deep: [{ k: 'v' }], none: null, empty: [] }
    const leaves = leaves_of(root)
    expect(leaves.map((leaf) => leaf.pointer)).toEqual(['/a~1b/c~0d', '/list', '/deep/0/k'])
    for (const leaf of leaves) expect(value_at(root, leaf.pointer)).toBeDefined()
    expect(value_at(root, '/constructor')).toBeUndefined()
  })
  it('opens texts that hold JSON and finds answers by title or id', () => {
    const form = form_of_map({})
    const root = unpacked(parse_sample('{"data":"{\\"name\\":\\"张\\",\\"remark_dict\\":{\\"预算\\":\\"10 万\\"}}"}'), form, 'oceanengine')
    const answers = answers_of(root, form, 'oceanengine')
    expect(text_at(root, answers, '/data/name')).toBe('张')
    expect(text_at(root, answers, '预算')).toBe('10 万')
    const survey = { payload: { answer: [{ questions: [{ id: 'q-1', title: '电话', text: '13800138000' }, { id: 'q-2', title: '选', options: [{ text: 'A', checked: 0 }, { text: 'B' }] }] }] } }
    expect(answers_of(survey, form, 'tencent_survey').map((one) => [one.id, one.answer])[0]).toEqual(['q-1', '13800138000'])
  })
  it('joins only what is all there', () => {
    expect(text_at({ a: 'x', b: 2 }, [], '/a + /b')).toBe('x/2')
    expect(text_at({ a: 'x' }, [], '/a + /b')).toBe('')
  })
  it('knows numbers and addresses intake would drop', () => {
    for (const good of ['13800138000', '+86 138-0013-8000', '１３８００１３８０００']) expect(usable_phone(good)).toBe(true)
    for (const bad of ['139', '不方便', '0000000', 'a13800138000']) expect(usable_phone(bad)).toBe(false)
    expect(usable_email('A@b.cn') && !usable_email('a@b') && !usable_email('a b@c.cn')).toBe(true)
  })
})

// The API does not tell the presets, so the console knows them too; this finds the day they differ.
const cpp = '../connectors/forms/presets.cpp' // tests run in console/
describe('presets', () => {
  it('are those of the server', () => {
    const text = readFileSync(cpp, 'utf8')
    const generic = JSON.parse(/generic_map = R"json\(([\s\S]*?)\)json"/.exec(text)?.[1] ?? '') as unknown
    const found = [...text.matchAll(/\{"(\w+)",\s*R"\((\{.*?\})\)",\s*(generic_map|R"json\(([\s\S]*?)\)json"),\s*(?:R"\((.*?)\)"|"(.*?)")/g)]
    const theirs = Object.fromEntries(found.map((one) => [one[1], { auth: JSON.parse(one[2] ?? ''), map: one[3] === 'generic_map' ? generic : JSON.parse(one[4] ?? ''), ack: one[5] ?? one[6] ?? '' }]))
    expect(theirs).toEqual(presets)
  })
  it('map only fields the form knows', () => {
    const known: string[] = [...lead_fields, 'answers', 'omit', 'labels', 'questions', 'time_format', 'time_zone', 'unpack', 'skip']
    for (const name of Object.keys(presets)) for (const key of Object.keys(preset_of(name).map)) expect(known).toContain(key)
  })
})
