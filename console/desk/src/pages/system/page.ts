import { define_page } from '@/app/page'

export default define_page({
  name: 'system',
  title: { zh: '运行状况', en: 'Health' },
  nav: { group: 'system', order: 40, icon: 'database', keys: 'g y' },
  permission: 'system.read',
  routes: [{ path: '/system', component: () => import('./SystemPage.vue') }],
})
