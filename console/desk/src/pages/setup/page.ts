import { define_page } from '@/app/page'

export default define_page({
  name: 'setup',
  title: { zh: '接入向导', en: 'Setup' },
  nav: { group: 'system', order: 10, icon: 'wizard', keys: 'g w' },
  permission: 'corps.write',
  routes: [{ path: '/setup', component: () => import('./SetupPage.vue') }],
})
