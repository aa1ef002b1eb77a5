import { define_page } from '@/app/page'

export default define_page({
  name: 'pushes',
  title: { zh: '推送', en: 'Pushes' },
  permission: 'pushes.read',
  nav: { group: 'grow', order: 40, icon: 'push', keys: 'g p' },
  routes: [
    { path: '/pushes', component: () => import('./PushesPage.vue') },
    { path: '/pushes/new', name: 'push-new', component: () => import('./ComposePage.vue'), permission: 'pushes.write' },
    { path: '/pushes/:id/edit', name: 'push-edit', component: () => import('./ComposePage.vue'), permission: 'pushes.write' },
    { path: '/pushes/:id', name: 'push', component: () => import('./PushPage.vue') },
  ],
})
