import type { Schema } from '@lib/api/client'

/**
 * What the server knows of each provider (connectors/forms/presets.cpp), so that the mapper can say what a field left alone does.
 * The API does not tell it; presets.test.ts compares the two.
 */
export type AuthKind = NonNullable<Schema<'SourceAuth'>['kind']>
export type Place = string | (string | string[])[]
export interface Preset {
  auth: { kind: AuthKind; header?: string; tolerance_s?: number }
  map: Record<string, unknown>
  ack: string
}

const generic_map = {
  id: ['/id', '/event_id', '/submission_id'],
  name: ['/name', '/data/name'],
  phone: ['/phone', '/mobile', '/data/phone'],
  email: ['/email', '/data/email'],
  unionid: ['/unionid', '/data/unionid'],
  external_userid: ['/external_userid', '/data/external_userid'],
  openid: ['/openid', '/data/openid'],
  company: ['/company', '/data/company'],
  state: ['/state', '/data/state'],
  form_name: ['/form_name', '/form'],
  submitted_at: ['/submitted_at', '/created_at', '/data/submitted_at'],
  answers: ['/answers', '/data/answers'],
}

export const presets = {
  generic: { auth: { kind: 'path' }, map: generic_map, ack: '' },
  jinshuju: {
    auth: { kind: 'path' },
    map: {
      id: [['/form', '/entry/serial_number', '/entry/updated_at'], ['/form', '/entry/serial_number']],
      form_name: '/form_name',
      state: '/entry/x_field_1',
      submitted_at: ['/entry/created_at'],
      answers: '/entry',
      omit: ['serial_number', 'created_at', 'updated_at', 'info_remote_ip', 'x_field_1'],
    },
    ack: '',
  },
  wjx: {
    auth: { kind: 'wjx' },
    map: {
      id: [['/activity', '/joinid']],
      form_name: '/name',
      state: '/sojumpparm',
      submitted_at: '/submittime',
      time_format: 'local',
      answers: '',
      omit: ['sign', 'activity', 'name', 'index', 'joinid', 'timetaken', 'totalvalue', 'submittime', 'sojumpparm'],
    },
    ack: '',
  },
  tencent_survey: {
    auth: { kind: 'path' },
    map: {
      id: '/id',
      form_name: '/payload/survey_id',
      state: '/payload/openid',
      submitted_at: ['/payload/ended_at', '/created_at'],
      time_format: 'local',
      answers: '/payload/answer',
      skip: { pointer: '/action', values: ['answer.delete'] },
    },
    ack: '',
  },
  jiandaoyun: {
    auth: { kind: 'jdy' },
    map: {
      id: ['header:X-JDY-DeliverId', ['/op', '/data/_id', '/data/updateTime']],
      form_name: '/data/formName',
      submitted_at: ['/data/updateTime', '/data/createTime'],
      answers: '/data',
      omit: ['_id', 'appId', 'entryId', 'createTime', 'updateTime', 'formName', 'flowState'],
      skip: { pointer: '/op', values: ['data_remove', 'form_update', 'data_test'] },
    },
    ack: '',
  },
  fanqier: {
    auth: { kind: 'fanqier' },
    map: { unpack: ['/data'], id: ['/data/_id'], form_name: '/data/form', state: '/data/extendValues/queryString', submitted_at: '/time', answers: '/data/values' },
    ack: 'success',
  },
  feishu: {
    auth: { kind: 'feishu' },
    map: { id: ['/header/event_id', '/uuid'], form_name: '/header/event_type', submitted_at: ['/header/create_time', '/ts'], answers: '/event' },
    ack: '',
  },
  oceanengine: {
    auth: { kind: 'hmac', header: 'X-Open-Signature' },
    map: {
      unpack: ['/data'],
      id: ['/message_id', '/clue_id'],
      name: ['/data/name', '/name'],
      phone: ['/data/telphone', '/telphone', '/data/phone'],
      email: ['/data/email', '/email'],
      form_name: ['/data/module_name', '/service_label'],
      submitted_at: ['/data/create_time', '/create_time', '/publish_time'],
      answers: ['/data/remark_dict', '/remark_dict'],
    },
    ack: '{"BaseResp":{"StatusCode":200,"StatusMessage":"ok"}}',
  },
  baidu: {
    auth: { kind: 'path' },
    map: {
      id: '/clueId',
      phone: '/cluePhoneNumber',
      name: '/userName',
      form_name: '/solutionTypeName',
      submitted_at: '/commitTime',
      answers: '/formDetail',
      questions: { name: ['name'], phone: ['phone', 'tel'], email: ['email'] },
    },
    ack: '{"code":0,"message":"success"}',
  },
  tencent_ads: {
    auth: { kind: 'path' },
    map: {
      id: '/leads_id',
      name: '/leads_name',
      phone: '/leads_telephone',
      email: '/leads_email',
      form_name: '/page_name',
      submitted_at: ['/leads_action_time', '/leads_create_time'],
      time_format: 'local',
      unpack: ['/bundle'],
      answers: '/bundle',
    },
    ack: 'OK',
  },
  github: { auth: { kind: 'github' }, map: generic_map, ack: '' },
  stripe: { auth: { kind: 'stripe', tolerance_s: 300 }, map: generic_map, ack: '' },
  standard_webhooks: { auth: { kind: 'std', tolerance_s: 300 }, map: generic_map, ack: '' },
} satisfies Record<string, Preset>

export type PresetName = keyof typeof presets
export const preset_names = Object.keys(presets) as PresetName[]

/** An unknown kind is read as generic, as the server does. */
export const preset_name = (kind: string): PresetName => (kind in presets ? (kind as PresetName) : 'generic')
export const preset_of = (kind: string): Preset => presets[preset_name(kind)]
/** How the inbox calls what comes from a source of this kind. */
