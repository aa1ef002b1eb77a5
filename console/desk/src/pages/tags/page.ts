import { define_page } from '@/app/page'

export default define_page({
  name: 'tags',
  title: { zh: '标签', en: 'Tags' },
  permission: 'tags.read',
  nav: { group: 'grow', order: 30, icon: 'tag', keys: 'g t' },
  routes: [{ path: '/tags', component: () => import('./TagsPage.vue') }],
})
