import { define_page } from '@/app/page'

export default define_page({
  name: 'audit',
  title: { zh: '审计', en: 'Audit' },
  nav: { group: 'system', order: 50, icon: 'history', keys: 'g d' },
  permission: 'audit.read',
  routes: [{ path: '/audit', component: () => import('./AuditPage.vue') }],
})
