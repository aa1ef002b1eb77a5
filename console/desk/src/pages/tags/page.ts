import { define_page } from '@/app/page'

export default define_page({
  name: 'tags',
  title: { zh: '标签', en: 'Tags' },
  permission: 'tags.read',
  routes: [{ path: '/tags', component: () => import('./TagsPage.vue') }],
})
