import { beforeAll, describe, expect, it } from 'vitest'
import { i18n } from '@lib/i18n'
import type { Schema } from '@lib/api/client'
import { lead_notice, operation_notice, push_notice, stopped_notice, sync_notice } from './feed'
import zh from './zh.json'

beforeAll(() => i18n.global.mergeLocaleMessage('zh', { notices: zh } as never))

const operation = (more: Partial<Schema<'Operation'>>) =>
  ({ id: '7', action: { kind: 'tag_add', tags: ['1'] }, state: 'done', actor: 'user:anna', changed: 12, failed: 0, undone: 0, undo_failed: 0, ...more }) as Schema<'Operation'>

describe('notices', () => {
  it('tells of the end of own operations only', () => {
    expect(operation_notice(operation({}), 'user:anna')).toMatchObject({ kind: 'ok', text: '批量打标签：12 人' })
    expect(operation_notice(operation({}), 'user:bert')).toBeNull()
    expect(operation_notice(operation({ state: 'running' }), 'user:anna')).toBeNull()
  })
  it('warns of those who failed', () => {
    expect(operation_notice(operation({ failed: 3 }), 'user:anna')).toMatchObject({ kind: 'warn', text: '批量打标签：12 人，3 人未成功' })
    expect(operation_notice(operation({ state: 'undone', undone: 11, undo_failed: 1, failed: 3 }), 'user:anna')).toMatchObject({ kind: 'warn', text: '批量打标签已撤销：11 人，1 人未成功' })
  })
  it('tells of leads of this member only', () => {
    expect(lead_notice({ id: '5', name: '王', owner: '9' }, '9')).toMatchObject({ to: '/contacts/5', text: '新线索：王' })
    expect(lead_notice({ id: '5', name: '王', owner: '8' }, '9')).toBeNull()
    expect(lead_notice({ id: '5', name: '王', owner: null }, '')).toBeNull()
  })
  it('tells of pushes that ended, of syncs that failed and of deliveries that stopped', () => {
    expect(push_notice({ id: '3', name: '新品', status: 'sending' })).toBeNull()
    expect(push_notice({ id: '3', name: '新品', status: 'done' })).toMatchObject({ to: '/pushes/3' })
    expect(sync_notice({ id: '1', stage: 'done' } as Schema<'Sync'>)).toBeNull()
    expect(sync_notice({ id: '1', stage: 'failed' } as Schema<'Sync'>)?.kind).toBe('bad')
    expect(stopped_notice('parked', 2).text).toBe('2 条收件被搁置')
  })
})
