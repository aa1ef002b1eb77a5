import { define_page } from '@/app/page'

export default define_page({
  name: 'leads',
  title: { zh: '线索', en: 'Leads' },
  permission: 'leads.read',
  nav: { group: 'work', order: 15, icon: 'lead', keys: 'g l' },
  routes: [
    { path: '/leads', component: () => import('./LeadsPage.vue') },
    { path: '/leads/board', name: 'leads-board', title: { zh: '线索看板', en: 'Lead board' }, component: () => import('./BoardPage.vue') },
  ],
})
