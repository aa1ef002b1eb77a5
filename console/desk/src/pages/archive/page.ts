import { define_page } from '@/app/page'

export default define_page({
  name: 'archive',
  title: { zh: '会话存档', en: 'Archive' },
  nav: { group: 'data', order: 40, icon: 'chat', keys: 'g a' },
  permission: 'archive.read',
  routes: [
    { path: '/archive', component: () => import('./ArchivePage.vue') },
    { path: '/archive/search', component: () => import('./SearchPage.vue') },
  ],
})
