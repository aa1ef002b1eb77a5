import { define_page } from '@/app/page'

export default define_page({
  name: 'sources',
  title: { zh: '表单来源', en: 'Forms' },
  nav: { group: 'grow', order: 15, icon: 'source', keys: 'g f' },
  permission: 'sources.read',
  routes: [
    { path: '/sources', component: () => import('./SourcesPage.vue') },
    { path: '/sources/new', name: 'source-new', component: () => import('./SourceEditPage.vue'), permission: 'sources.write' },
    { path: '/sources/:id', name: 'source', component: () => import('./SourcePage.vue') },
    { path: '/sources/:id/edit', name: 'source-edit', component: () => import('./SourceEditPage.vue'), permission: 'sources.write' },
  ],
})
