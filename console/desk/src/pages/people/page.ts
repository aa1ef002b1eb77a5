import { define_page } from '@/app/page'

export default define_page({
  name: 'people',
  title: { zh: '账号权限', en: 'People' },
  nav: { group: 'system', order: 45, icon: 'shield', keys: 'g u' },
  permission: 'users.admin',
  routes: [
    { path: '/people', component: () => import('./PeoplePage.vue') },
    // Everybody's own account: every role has this permission.
    { path: '/account', name: 'account', title: { zh: '我的账号', en: 'My account' }, component: () => import('./AccountPage.vue'), permission: 'own' },
  ],
})
