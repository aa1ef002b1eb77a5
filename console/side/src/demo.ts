import type { Card } from './api'

/** A sample for whoever opens the page outside WeCom. Nothing of it is real; nothing is asked of the server. */
export function demo_card(now: number): Card {
  const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString()
  return {
    contact: { id: '1', name: '示例客户', avatar: '', type: 1, gender: 2, position: '', company: '示例装饰', owner: '2', stage: 'qualified', last_touch: ago(12), created: ago(60 * 24 * 9) },
    owner_name: '示例成员1',
    opted_out: false,
    identities: [{ kind: 'phone', value: '138****0001' }],
    follow: {
      member: '2', userid: 'wangfang', external_userid: 'demo', live: true, half: false, added: ago(60 * 24 * 9), ended: null, remark: '林小姐 三居室',
      description: '看重环保，预算 12 万', add_way: 1, state: '', channel: '3', ended_by: null,
    },
    channel_name: '门店海报',
    colleagues: [{ member: '4', name: '示例成员2', added: ago(60 * 24 * 2) }],
    tags: [
      { id: '5', group: '意向', name: '高意向', kind: 'wecom' },
      { id: '6', group: '户型', name: '三居室', kind: 'wecom' },
      { id: '7', group: '来源', name: '门店', kind: 'internal' },
    ],
    leads: [
      {
        lead: {
          id: '8', contact: '1', contact_name: '示例客户', status: 'following', stage: 'qualified', owner: '2',
          first_source: { kind: 'channel', channel: '3', source: null, state: '' }, last_source: { kind: 'channel', channel: '3', source: null, state: '' },
          opened: ago(60 * 24 * 9), last_touch: ago(12), closed: null, reason: '', linked: null,
        },
        owner_name: '示例成员1',
        source_name: '门店海报',
      },
    ],
    chat: { from_contact: 23, from_member: 31, last: ago(12), last_from_contact: true },
    notes: [{ id: '9', at: ago(60 * 26), actor: 'user:wangfang', text: '约了周六上午量房，带环保检测报告' }],
    events: [
      { id: '10', at: ago(12), kind: 'messages_seen' },
      { id: '11', at: ago(60 * 24 * 8), kind: 'lead_stage' },
      { id: '12', at: ago(60 * 24 * 9), kind: 'friend_added' },
    ],
    may_note: false,
  }
}
